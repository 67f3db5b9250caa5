"""Pipeline and Sequential: what belongs to one, its graph, its drawings, its results."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pyperunner import Pipeline, PipelineError, Sequential, Task, run


class Node(Task):
    @run
    def run(self, data, **kwargs):
        return [self.tag, *data]


def names(pipeline):
    return {task.name for task in pipeline.create_graph()}


def chain(*tags):
    tasks = [Node(tag) for tag in tags]
    for parent, child in pairwise(tasks):
        child(parent)
    return tasks


def test_roots_by_constructor_add_and_set_tasks():
    """`Pipeline(name, tasks)`, `add` one more, `set_tasks` in the place of all."""
    a, b, c = Node("a"), Node("b"), Node("c")
    pipeline = Pipeline("p", [a])
    pipeline.add(b)
    assert names(pipeline) == {"Node(a)", "Node(b)"}
    pipeline.set_tasks([c])
    assert names(pipeline) == {"Node(c)"}
    assert pipeline.name == "p"
    assert len(Pipeline("empty")) == 0
    assert len(Pipeline(name="q", tasks=[a, b])) == 2


def test_roots_are_not_connected_to_each_other():
    """Only a Sequential connects what it is given."""
    a, b = Node("a"), Node("b")
    pipeline = Pipeline("p", [a, b])
    pipeline.add(Node("c"))
    assert pipeline.create_graph().number_of_edges() == 0
    assert list(b.parents) == []


@pytest.mark.parametrize("stranger", [Node, "text", 3])
def test_what_is_no_task_cannot_be_added(stranger):
    """A class or a stranger: ValueError that says which."""
    for add in (
        lambda: Pipeline("p").add(stranger),
        lambda: Pipeline("p", [stranger]),
        lambda: Sequential("p", [stranger]),
    ):
        with pytest.raises(ValueError, match="task"):
            add()


def test_a_sequential_chains_what_it_is_given():
    """In the order of the list; `add` appends at the end."""
    tasks = [Node(tag) for tag in "abc"]
    pipeline = Sequential("s", tasks[:2])
    pipeline.add(tasks[2])
    assert [[parent.tag for parent in task.parents] for task in tasks] == [[], ["a"], ["b"]]
    assert len(pipeline) == 3


def test_a_sequential_begun_empty():
    """Built by `add` alone it is the same chain."""
    tasks = [Node(tag) for tag in "abc"]
    pipeline = Sequential("s")
    for task in tasks:
        pipeline.add(task)
    assert [[parent.tag for parent in task.parents] for task in tasks] == [[], ["a"], ["b"]]


def test_a_sequentials_set_tasks_chains_anew():
    """`set_tasks` connects its list in order and forgets what was there."""
    old, tasks = Node("old"), [Node(tag) for tag in "ab"]
    pipeline = Sequential("s", [old])
    pipeline.set_tasks(tasks)
    assert names(pipeline) == {"Node(a)", "Node(b)"}
    assert list(tasks[1].parents) == [tasks[0]]
    assert list(tasks[0].parents) == []


def test_a_sequential_runs_in_its_order(kit):
    """Each task gets the output of the one before it."""
    pipeline = Sequential("s", [Node("a"), Node("b")])
    pipeline.add(Node("c"))
    kit.runner().run(pipeline)
    assert pipeline.results()["Node(c)"] == ["c", ["b", ["a"]]]


def test_descendants_and_all_their_ancestors_belong_to_it():
    """A parent of a descendant belongs to it although nobody added it; a stranger's graph does not."""
    a, b, c = chain("a", "b", "c")
    other = Node("other")
    above = Node("above")
    other(above)
    c(other)
    chain("x", "y")
    assert names(Pipeline("p", [a])) == {f"Node({tag})" for tag in ("a", "b", "c", "other", "above")}
    assert names(Pipeline("p", [b])) == names(Pipeline("p", [a]))


def test_what_was_added_brings_its_own_ancestors():
    """Adding a leaf is enough to get the whole of its past."""
    *_, c = chain("a", "b", "c")
    assert names(Pipeline("p", [c])) == {"Node(a)", "Node(b)", "Node(c)"}


def test_a_descendant_connected_later_belongs_to_it():
    """The graph is as it is when it is looked at."""
    (a,) = chain("a")
    pipeline = Pipeline("p", [a])
    assert len(pipeline) == 1
    Node("b")(a)
    assert len(pipeline) == 2


def test_a_named_input_is_an_edge():
    """A task given as a param, however nested, is an ancestor like a connected one."""
    a, b = Node("a"), Node("b")
    child = Node("c", model=a, rest={"k": [(b,)]})
    graph = Pipeline("p", [child]).create_graph()
    assert {(parent.tag, node.tag) for parent, node in graph.edges} == {("a", "c"), ("b", "c")}
    assert names(Pipeline("p", [a])) == {"Node(a)", "Node(b)", "Node(c)"}
    assert list(child.parents) == []


def test_the_graph_is_networkx_with_task_objects():
    """`create_graph()` is a networkx.DiGraph; nodes are the tasks, edges go from parent to child."""
    import networkx

    a, b, c = chain("a", "b", "c")
    graph = Pipeline("p", [a]).create_graph()
    assert type(graph) is networkx.DiGraph
    assert set(graph.nodes) == {a, b, c}
    assert set(graph.edges) == {(a, b), (b, c)}


def test_the_summary_draws_boxes_joined_by_lines():
    """Every name stands in a box, and lines join the boxes; it goes to print_fn."""
    a, *_ = chain("a", "b")
    Node("right")(a)
    drawn = []
    Pipeline("p", [a]).summary(print_fn=lambda text="": drawn.append(text))
    text = "\n".join(drawn)
    for tag in ("a", "b", "right"):
        assert f"Node({tag})" in text
    for name in ("Node(a)", "Node(b)", "Node(right)"):
        assert f"│ {name} │" in text
    lines = text.splitlines()
    (upper,), (lower,) = ([row for row, line in enumerate(lines) if name in line] for name in ("Node(a)", "Node(b)"))
    assert upper < lower
    joined_at = lines[upper + 1].index("┬")
    assert lines[upper + 2][joined_at] in "│┴┼├┤"
    assert lines[lower - 1].count("▼") == 2


def test_the_summary_prints_by_default(capsys):
    """Without an argument it goes to standard output."""
    Pipeline("p", [Node("only")]).summary()
    assert "Node(only)" in capsys.readouterr().out


def test_results_before_a_run_are_an_attribute_error():
    """And the error says to run it."""
    with pytest.raises(AttributeError, match="run"):
        Pipeline("p", [Node()]).results()


def test_results_can_be_set_and_are_set_by_a_run(kit):
    """What `set_results` was given is what `results()` returns; a run sets its own."""
    pipeline = Pipeline("p", [Node("a")])
    kit.runner().run(pipeline)
    results = pipeline.results()
    assert results["Node(a)"] == ["a"]
    other = Pipeline("q", [Node("b")])
    other.set_results(results)
    assert other.results() is results


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_picture_is_written(tmp_path, suffix):
    """`plot_graph(fname)` writes a picture of the kind that the name says, given as text or as a path."""
    if suffix == "png":
        pytest.importorskip("PIL", reason="PNG needs Pillow")
    a, *_ = chain("a", "b")
    path = tmp_path / f"graph.{suffix}"
    Pipeline("p", [a]).plot_graph(str(path))
    head = path.read_bytes()
    if suffix == "png":
        assert head.startswith(b"\x89PNG\r\n")
    else:
        from xml.etree import ElementTree

        assert ElementTree.fromstring(head).tag.endswith("svg")
        assert b"Node(a)" in head
        assert b"Node(b)" in head
    Pipeline("p", [a]).plot_graph(path)
    assert path.read_bytes() == head


def test_a_cycle_is_shown():
    """A ValueError that names the tasks of the cycle in their order, and no others."""
    a, _, c = chain("a", "b", "c")
    Node("outside")(c)
    a(c)
    pipeline = Pipeline("p", [a])
    for look in (pipeline.create_graph, pipeline.to_dict, pipeline.summary, lambda: len(pipeline)):
        with pytest.raises(ValueError) as caught:
            look()
        text = str(caught.value)
        assert "cycle" in text
        assert "outside" not in text
        shown = text[text.index("Node(") :].split(" -> ")
        assert shown[0] == shown[-1]
        assert sorted(shown[:-1]) == ["Node(a)", "Node(b)", "Node(c)"]
        order = ["Node(a)", "Node(b)", "Node(c)"]
        assert all(order[(order.index(one) + 1) % 3] == two for one, two in pairwise(shown))


def test_a_task_that_is_its_own_parent_is_a_cycle():
    """The shortest of all."""
    a = Node("a")
    a(a)
    with pytest.raises(ValueError, match=r"Node\(a\) -> Node\(a\)"):
        len(Pipeline("p", [a]))


def test_duplicate_names_are_a_value_error():
    """The error has the name and the word unique; other errors of pipelines are PipelineErrors too."""
    pipeline = Pipeline("p", [Node("x"), Node("x")])
    for look in (pipeline.create_graph, pipeline.to_dict, pipeline.summary):
        with pytest.raises(ValueError, match=r"unique.*Node\(x\)|Node\(x\).*unique") as caught:
            look()
        assert isinstance(caught.value, PipelineError)
