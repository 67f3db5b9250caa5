from __future__ import annotations

import importlib
import sys

import pytest

from pyperunner_keys import fingerprint

TOOLS = """
K = 1
def half(x): return x
class Box:
    size = 1
    half = staticmethod(half)
    def go(self): pass
"""
BOX = {"tools.Box", "tools.Box.size", "tools.Box.go", "tools.half"}


def parts(module):
    return set(fingerprint(module.run).parts) - {"flow.run"}


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ("import tools\ndef run(): return tools.half(1)", {"tools.half"}),
        ("import tools\ndef run(): return tools.K", {"tools.K"}),
        ("from tools import K as L\ndef run(): return L", {"tools.K"}),
        ("from tools import *\ndef run(): return K", {"tools.K"}),
        ("from tools import Box\ndef run(): return Box.size", {"tools.Box.size"}),
        ("from tools import Box\ndef run(): return Box.half(1)", {"tools.half"}),
        (
            "from tools import Box\ndef run(): return Box()",
            {"tools.Box", "tools.Box.size", "tools.Box.go", "tools.half"},
        ),
        (
            "from tools import Box\ndef run(): return Box.go",
            {"tools.Box", "tools.Box.size", "tools.Box.go", "tools.half"},
        ),
        (
            "import tools\ndef run(): return [tools]",
            {"tools", "tools.K", *BOX},
        ),
        ("import math\ndef run(): return math.pi", set()),
        ("from math import pi\ndef run(): return pi", set()),
        ("def run(): return nowhere", set()),
        ("def run(): return len", set()),
        ("def run():\n    import nowhere\n    return nowhere.x", set()),
        ("def run():\n    from tools import K\n    return K", {"tools.K"}),
        ("def run():\n    import late\n    return late.f", {"late.f", "late.K", "tools.half"}),
        ("def run():\n    import late\n    return [late]", {"late.f", "late.K", "tools.half"}),
        ("K = 1\ndef run():\n    def inner(): return K\n    return inner", {"flow.K"}),
        ("def make():\n    import tools\n    return lambda: tools.K\nrun = make()", {"tools.K"}),
    ],
)
def test_what_names_lead_to(project, flow, expected):
    project(tools=TOOLS)
    assert (
        parts(project(flow=flow, late="from tools import half\nK = 2\ndef f(): return half(K)\n"))
        - {"flow.make.<locals>.<lambda>"}
        == expected
    )


def test_the_name_of_what_is_not_ones_own_counts(project):
    heads = [
        "from math import sin as f",
        "from math import cos as f",
        "from cmath import sin as f",
        "def f(x): pass",
        "",
    ]
    flows = [project(**{f"flow{n}": f"{head}\ndef run(): return f(1)\n"}) for n, head in enumerate(heads)]
    assert len({fingerprint(flow.run).digest for flow in flows}) == len(flows)


def test_a_module_that_makes_names_on_demand_is_a_gap(project):
    flow = project(flow="import lazy\ndef run(): return lazy.x\n", lazy="def __getattr__(name): return 1\n")
    found = fingerprint(flow.run)
    assert found.gaps == {"flow.run: lazy.x": "lazy.__getattr__ decides what it is"}
    assert "lazy.__getattr__" in found.parts


def test_the_process_s_own_things_count_by_name(project, monkeypatch):
    flow = project(flow="import os, sys\nenv, args = os.environ, sys.argv\ndef run(): return env, args\n")
    before = fingerprint(flow.run)
    monkeypatch.setenv("SOME_NAME", "1")
    assert fingerprint(flow.run) == before


@pytest.mark.parametrize(
    "flow",
    [
        "def run():\n    from wsgiref import util\n    return util.guess_scheme",
        "def run():\n    import wsgiref.util\n    return wsgiref.util.guess_scheme",
        "def run():\n    import wsgiref.util as util\n    return util.guess_scheme",
        "def run():\n    from wsgiref.util import guess_scheme\n    return guess_scheme",
    ],
)
def test_what_is_loaded_of_an_installed_package_does_not_count(project, monkeypatch, flow):
    for name in [name for name in sys.modules if name.partition(".")[0] == "wsgiref"]:
        monkeypatch.delitem(sys.modules, name)
    flow = project(flow=flow)
    before = fingerprint(flow.run).digest
    for name in ("wsgiref", "wsgiref.util"):
        importlib.import_module(name)
        assert fingerprint(flow.run).digest == before
