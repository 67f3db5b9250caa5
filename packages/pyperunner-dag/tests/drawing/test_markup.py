from __future__ import annotations

import re

from pyperunner_dag import DAG, Node, draw_dot, draw_mermaid


def test_mermaid(nodes):
    dag = DAG(nodes(**{"Load(a)": [], "Join()": ["Load(a)", "Load(a)"]}).values())
    assert draw_mermaid(dag) == 'flowchart TD\n    t0["Load(a)"]\n    t1["Join()"]\n    t0 --> t1\n'


def test_dot(nodes):
    dag = DAG(nodes(**{"Load(a)": [], "Join()": ["Load(a)"]}).values())
    assert draw_dot(dag, 'my "flow"').splitlines() == [
        r'digraph "my \"flow\"" {',
        "    node [shape=box, style=rounded]",
        '    t0 [label="Load(a)"]',
        '    t1 [label="Join()"]',
        "    t0 -> t1",
        "}",
    ]


def test_no_name_is_taken_for_markup():
    node = Node('<b onclick="x">"]; click #quot; &amp;\n end')
    (label,) = re.findall(r't0\["(.*)"\]\n', draw_mermaid(DAG([node])))
    assert not set(label) & set('<>"]&\n=')
    assert re.fullmatch(r"(?:[\w ().,:-]|#\d+;)*", label)
    (quoted,) = re.findall(r"label=(.*)\]\n", draw_dot(DAG([Node('\\"]; x [y="\\')])))
    assert quoted == r'"\\\"]; x [y=\"\\"'


def test_text_of_other_scripts_stays():
    assert '["Load(東京)"]' in draw_mermaid(DAG([Node("Load(東京)")]))
