"""Pipelines: what is in them, and the methods that pass work on."""

from __future__ import annotations

import sys

import networkx
import pytest

from pyperunner_dag import (
    CycleError,
    DuplicateNameError,
    NotATaskError,
    Pipeline,
    PipelineError,
    Sequential,
    Task,
    run,
)


class Step(Task):
    @run
    def run(self, data, n=0):
        return n


def names(pipeline):
    return [task.name for task in pipeline.dag()]


def test_a_pipeline_is_what_was_added_with_descendants_and_their_ancestors():
    a, b, c, stranger = (Step(tag) for tag in "abcs")
    c([a, b])
    stranger(b)
    pipeline = Pipeline("p", [a])
    assert names(pipeline) == ["Step(a)", "Step(b)", "Step(c)"]
    assert len(pipeline) == 3
    Step("d", n=c)
    assert len(pipeline) == 4
    pipeline.add(stranger)
    assert len(pipeline) == 5


def test_set_tasks_replaces_and_adding_twice_counts_once():
    a, b = Step("a"), Step("b")
    pipeline = Pipeline("p", [a])
    pipeline.set_tasks([b, b])
    pipeline.add(b)
    assert names(pipeline) == ["Step(b)"]
    assert len(Pipeline("empty")) == len(Pipeline("empty", [])) == 0


def test_create_graph_holds_the_tasks_themselves():
    a = Step("a")
    b = Step("b", n=a)
    graph = Pipeline("p", [a]).create_graph()
    assert isinstance(graph, networkx.DiGraph)
    assert (list(graph.nodes), list(graph.edges)) == ([a, b], [(a, b)])


@pytest.mark.parametrize("stranger", [Step, "Step", None, 3])
@pytest.mark.parametrize("kind", [Pipeline, Sequential])
def test_what_is_no_task(kind, stranger):
    with pytest.raises(NotATaskError, match=r"what is added to pipeline p must be a task"):
        kind("p").add(stranger)
    with pytest.raises(ValueError):
        kind("p", [Step(), stranger])


def test_a_name_is_text():
    with pytest.raises(PipelineError, match=r"text, not int"):
        Pipeline(3)


def test_duplicates_and_cycles_are_said_by_every_use():
    twins = Pipeline("p", [Step("a"), Step("a")])
    for use in (twins.dag, lambda: len(twins), twins.create_graph, twins.to_dict, twins.summary):
        with pytest.raises(DuplicateNameError, match=r"unique.*Step\(a\)"):
            use()
    a, b = Step("a"), Step("b")
    a(b(a))
    with pytest.raises(CycleError, match=r"Step\(a\) -> Step\(b\) -> Step\(a\)"):
        Pipeline("p", [a]).dag()


def test_results_before_and_after_a_run():
    pipeline = Pipeline("p")
    with pytest.raises(AttributeError, match=r"p has no results"):
        pipeline.results()
    pipeline.set_results({"a": 1})
    assert pipeline.results() == {"a": 1}


def test_summary_prints_the_drawing_once():
    lines = []
    Pipeline("p", [Step("a"), Step("b")]).summary(lines.append, mark=["Step(b)"])
    assert len(lines) == 1
    assert "Step(a)" in lines[0]
    assert "*Step(b)*" in lines[0]


def test_summary_prints_by_default(capsys):
    Pipeline("p", [Step("a")]).summary()
    assert "Step(a)" in capsys.readouterr().out


def test_other_drawings():
    pipeline = Pipeline("p", [Step("a")])
    assert pipeline.to_mermaid().startswith("flowchart")
    assert pipeline.to_dot().startswith('digraph "p"')
    assert pipeline._repr_html_().startswith("<svg")
    assert repr(pipeline) == "<Pipeline 'p'>"


def test_sequential_chains_what_it_is_given_and_adds_at_the_end():
    a, b, c = (Step(tag) for tag in "abc")
    pipeline = Sequential("p", [a, b])
    assert (b.parents, pipeline.add(c), c.parents) == ([a], None, [b])
    assert names(pipeline) == ["Step(a)", "Step(b)", "Step(c)"]
    empty = Sequential("q")
    empty.add(a)
    assert a.parents == []


def test_sequential_chains_several_that_are_added_at_once():
    a, b, c = (Step(tag) for tag in "abc")
    pipeline = Sequential("p", [a])
    pipeline.add([b, c])
    assert (b.parents, c.parents) == ([a], [b])


def test_sequential_does_not_connect_twice():
    a, b = Step("a"), Step("b")
    b(a)
    Sequential("p", [a, b])
    Sequential("q", [a]).add(b)
    assert b.parents == [a]


def test_sequential_set_tasks_replaces():
    a, b, c = (Step(tag) for tag in "abc")
    pipeline = Sequential("p", [a])
    pipeline.set_tasks([b, c])
    assert names(pipeline) == ["Step(b)", "Step(c)"]
    assert c.parents == [b]


@pytest.fixture
def typed(monkeypatch):
    """As in a notebook: cells are executed again."""
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)


def test_a_cell_that_is_executed_again_makes_the_task_that_counts(typed, capsys):
    source = Step("source")
    last = Step("last")(Step("middle", n=1)(source))
    pipeline = Pipeline("p", [source])
    before = pipeline.dag()["Step(last)"].hash()
    again = Step("middle", n=2)(source)
    assert list(pipeline.dag()) == [source, again, last]
    assert (last.parents, source.children) == ([again], [again])
    assert last.hash() != before
    assert capsys.readouterr().out == "Step(middle) takes the place of an older task of that name\n"


def test_so_it_is_as_a_root_as_a_named_input_and_nearer_to_the_root(typed):
    a, b = Step("a"), Step("b")
    old = Step("c")(Step("between")(a))
    reader = Step("reader", n={"x": [old, b]})
    newer, newer_root = Step("c")(a), Step("b")
    dag = Pipeline("p", [a, b, newer_root]).dag()
    assert reader.inputs == {"n": {"x": [newer, newer_root]}}
    assert set(dag) == {a, newer, newer_root, reader, dag["Step(between)"]}
    assert dag.upstream(reader) == [newer, newer_root]


def test_in_a_script_names_stay_unique():
    source = Step("source")
    Step("x")(source), Step("x")(source)
    with pytest.raises(DuplicateNameError, match="give each of these tasks a tag"):
        Pipeline("p", [source]).dag()
