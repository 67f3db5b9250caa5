"""What somebody new to it writes: each mistake is said at once, in words that lead on."""

from __future__ import annotations

import pytest

from pyperunner import Pipeline, Runner, task
from pyperunner_dag import MapError, NotATaskError, TaskError, UnhashableParamError, fixed


@task("Files")
def files(n):
    return [f"f{number}" for number in range(n)]


@task("Clean")
def clean(path, suffix=""):
    return f"{path}{suffix}"


@task("Split", outputs=("train", "test"))
def split(rows):
    return rows[:1], rows[1:]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: clean.map(path=range(3)), r"path is a range, which .* such as path=list\(…\)"),
        (lambda: clean.map(path={1, 2}), r"path is a set"),
        (lambda: clean.map(path=(n for n in "ab")), r"path is a generator"),
        (lambda: clean.map(path="text"), r"nothing to map over: give a list"),
        (lambda: clean.map(paht=["a"]), r"unexpected keyword argument 'paht'; did you mean 'path'\?$"),
        (lambda: clean.map(["a"]), r"is the tag, and this is \['a'\] \(a list\); write Clean.map\(path=…\)"),
        (lambda: clean.map(files(n=1)), r"the first argument is the tag, .*; write Clean.map\(path=…\)"),
        (lambda: clean.map(path={"a": 1, "b": 2}, suffix={"b": 1, "a": 2}), r"keys in the same order: path has a, b"),
        (lambda: clean.map(path=fixed([1])), "nothing to map over"),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped_over_is_named(make, says):
    with pytest.raises(TaskError, match=says):
        make()


def test_an_element_is_no_input_of_others(tmp_path):
    mapped = clean.map(path=["a", "b"])
    Runner(tmp_path / "data", tmp_path / "log", executor="inline").run(Pipeline("p", [mapped]))
    for make in (
        lambda: clean("x", path=mapped.elements[0]),
        lambda: clean("x", path=[1, {"deep": mapped.elements[0]}]),
        lambda: clean("x", path="p")(mapped.elements[0]),
        lambda: clean("x", path="p")(mapped.elements),
    ):
        with pytest.raises((TaskError, NotATaskError), match=r"Clean\(\*\)\[0\], an element that a run has made"):
            make()
    assert clean("x", path=mapped[0]).name == "Clean(x)"


def test_an_output_by_hand_does_not_stand_for_elements(tmp_path):
    mapped = clean.map(path=["a", "b"])
    mapped.set_output(["x"])
    with pytest.raises(MapError, match="an output given by hand stands for one task"):
        Runner(tmp_path / "data", tmp_path / "log", executor="inline").run(Pipeline("p", [mapped]))


def test_two_dicts_with_the_same_keys_go_side_by_side(tmp_path):
    runner = Runner(tmp_path / "data", tmp_path / "log", executor="inline")
    runner.run(Pipeline("p", [clean.map(path={"a": 1, "b": 2}, suffix={"a": "x", "b": "y"})]))
    assert runner.results()["Clean(*)[b]"] == "2y"


def test_fixed_outside_of_map_is_refused():
    with pytest.raises(UnhashableParamError, match=r"path.*fixed\(…\) is for what map\(…\) is given"):
        clean(path=fixed([1, 2]))


def test_the_output_of_a_part_is_its_value(tmp_path):
    rows = split(rows=[1, 2, 3])
    assert rows.train.output is None
    mapped = clean.map(path=rows.test)
    runner = Runner(tmp_path / "data", tmp_path / "log", executor="inline")
    runner.run(Pipeline("p", [mapped]))
    assert (rows.train.output, rows["test"].output, rows.test[0].output) == ([1], [2, 3], 2)
    assert (rows.test.output_name, mapped.successes().output) == ("test", ["2", "3"])
    with pytest.raises(LookupError):
        rows.test[7].output
