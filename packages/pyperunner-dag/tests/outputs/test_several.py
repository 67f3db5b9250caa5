"""Several outputs of one task, and parts of an output, as inputs of other tasks."""

from __future__ import annotations

import pickle

import pytest
import yaml

from pyperunner_dag import (
    NotATaskError,
    OutputsDifferError,
    Part,
    PartMissingError,
    Pipeline,
    PipelineFileError,
    Task,
    TaskDefinitionError,
    UnknownOutputError,
    differences,
    pick,
    run,
    task,
)


@task("Split", outputs=("train", "test"))
def split(rows):
    return {"train": rows[:1], "test": rows[1:]}


@task("Load")
def load(n=0):
    return {"rows": [1, 2]}


@task("Fit")
def fit(train, other=None):
    return train


@task("Sum")
def total(data):
    return data


class Members(Task):
    outputs = ("name", "key", "free")

    @run
    def run(self):
        return 1, 2, 3


def test_declared_outputs_are_parts_by_attribute_item_number_and_unpacking():
    made = split(rows=[1])
    train, test = made
    assert (train, test) == (made.train, made["test"])
    assert (made[0], made.output_part(-1)) == (train, test)
    assert (train.name, made["test"][3].name) == ("Split().train", "Split().test[3]")
    assert train.key == f"Split().train/{made.hash()}"
    assert len({train, made.train, test}) == 2


def test_an_output_named_like_a_member_is_reached_by_item_only():
    made = Members()
    assert made.name == "Members()"
    assert made["name"].name == "Members().name"
    assert made.free == made["free"]


def test_parts_of_any_output_have_a_path():
    rows = load()["rows"]
    assert (rows.name, rows[0].name, load().output_part("a", 0, "b").name) == (
        *("Load()['rows']", "Load()['rows'][0]"),
        "Load()['a'][0]['b']",
    )
    assert pick(rows[1], {"rows": [5, 6]}, "Fit()") == 6


@pytest.mark.parametrize("value", [load(), load()["rows"], split(rows=[1])["train"]])
def test_what_declares_no_outputs_is_not_iterable_at_once(value):
    with pytest.raises(TypeError, match="is not iterable"):
        iter(value)
    assert bool(value)
    with pytest.raises(TypeError):
        len(value)


def test_an_unknown_output_is_named_with_those_that_there_are():
    made = split(rows=[1])
    with pytest.raises(UnknownOutputError, match=r"no output 'tran': it declares train, test; did you mean 'train'"):
        made["tran"]
    with pytest.raises(UnknownOutputError, match="no output 2"):
        made[2]
    with pytest.raises(AttributeError, match=r"no attribute 'tran'; its outputs are train, test"):
        made.tran
    with pytest.raises(TypeError, match="at least one"):
        made.output_part()
    with pytest.raises(TypeError, match=r"not by 1\.5 \(float\)"):
        load()[1.5]


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        ("train", "several names"),
        (("a b",), "a name as variables have"),
        (("a", "a"), "differ"),
        (("for",), "variables"),
    ],
)
def test_outputs_that_are_no_names_are_refused(outputs, problem):
    with pytest.raises(TaskDefinitionError, match=f"task X: its outputs?.*{problem}"):
        task("X", outputs=outputs)
    with pytest.raises(TaskDefinitionError, match=problem):
        type("X", (Task,), {"outputs": outputs})


def test_each_output_is_stored_by_itself(memory_store):
    made = split(rows=[1, 2])
    made.bind(memory_store)
    made.store_output((["a"], ["b"]))
    assert sorted(memory_store.rows) == sorted(made.entry_keys)
    assert made.load_output() == made.output == {"train": ["a"], "test": ["b"]}
    del memory_store.rows[made.test.key]
    assert (made.output_exists(), made.output) == (False, None)


@pytest.mark.parametrize(
    ("value", "returned"),
    [({"train": 1}, "a dict of train"), ((1, 2, 3), "a tuple of 3"), (5, "a int"), ({"train": 1, "tests": 2}, "tests")],
)
def test_other_outputs_than_declared_are_refused_and_nothing_is_stored(memory_store, value, returned):
    made = split(rows=[1])
    made.bind(memory_store)
    with pytest.raises(
        OutputsDifferError, match=rf"Split\(\) declares the outputs train, test and returned .*{returned}"
    ):
        made.store_output(value)
    assert not memory_store.rows


def test_parts_count_in_keys():
    made = load()
    keys = {
        fit(train=made).hash(),
        fit(train=made["rows"]).hash(),
        fit(train=made["rows"][0]).hash(),
        fit(train=made["rows"]["0"]).hash(),
        total()(made).hash(),
        total()(made["rows"]).hash(),
        total()(made["rows"][0]).hash(),
    }
    assert len(keys) == 7
    assert fit(train=made["rows"]).hash() == fit(train=load()["rows"]).hash() != fit(train=load(n=1)["rows"]).hash()
    undeclared = task("Split")(split.run.run_method.function)
    assert undeclared(rows=[1]).hash() != split(rows=[1]).hash()


def test_a_difference_names_the_part():
    before, now = fit(train=load()["rows"]).key_parts(), fit(train=load()["columns"]).key_parts()
    assert [str(found) for found in differences(before, now)] == [
        "upstream Load()['columns'] added",
        "upstream Load()['rows'] removed",
    ]


def test_parts_make_edges_to_their_task_alone():
    made = split(rows=[1])
    child = fit(train=made.train, other=[made.test, load()["rows"]])
    below = total()(made.test)(child)
    assert [up.name for up in child.upstream] == ["Split()", "Load()"]
    assert [source.name for source in child.sources] == ["Split().train", "Split().test", "Load()['rows']"]
    assert [source.name for source in below.given] == ["Split().test", "Fit()"]
    assert below.parents == [made, child]
    assert len(Pipeline("p", [made])) == 4


def test_parts_survive_the_yaml_form():
    made = split(rows=[1])
    child = fit(train=made.train, other=[made.test[0], {"x": load()["rows"]}])
    total()(made)(made.test)(child["a"])
    saved = yaml.safe_load(yaml.safe_dump(Pipeline("p", [made]).to_dict()))
    assert saved["tasks"]["Split()"]["outputs"] == ["train", "test"]
    assert saved["tasks"]["Sum()"]["parents"] == ["Split()", "Split()", "Fit()"]
    again = Pipeline.from_dict(saved).dag()
    assert [source.name for source in again["Sum()"].given] == ["Split()", "Split().test", "Fit()['a']"]
    assert again["Sum()"].hash() == Pipeline("p", [made]).dag()["Sum()"].hash()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tasks: tasks["Fit()"].update(inputs={"train": {"$part": ["Split()"]}}),
        lambda tasks: tasks["Fit()"].update(inputs={"train": {"$part": ["Split()", [1]]}}),
        lambda tasks: tasks["Fit()"].update(inputs={"train": {"$part": ["Split()", "tran"]}}),
        lambda tasks: tasks["Fit()"].update(inputs={"train": {"$part": ["No()", "train"]}}),
        lambda tasks: tasks["Sum()"].update(parent_parts=[[5, ["train"]]]),
        lambda tasks: tasks["Sum()"].update(parent_parts=[[0, ["tran"]]]),
        lambda tasks: tasks["Sum()"].update(parent_parts=7),
    ],
)
def test_forged_parts_are_refused(spoil):
    made = split(rows=[1])
    total()(made.test)(fit(train=made.train))
    saved = Pipeline("p", [made]).to_dict()
    spoil(saved["tasks"])
    with pytest.raises(PipelineFileError, match=r"Fit\(\)|Sum\(\)|Split\(\)"):
        Pipeline.from_dict(saved)


def test_a_detached_task_keeps_its_parts():
    made = split(rows=[1])
    alone = pickle.loads(pickle.dumps(total()(made)(made.test)(fit(train=made.train)).detached()))
    assert [source.key for source in alone.given][1] == made.test.key
    assert alone.sources[0].outputs == ("train", "test")


def test_a_missing_part_is_named_with_near_ones():
    with pytest.raises(
        PartMissingError, match=r"Fit\(\) needs Load\(\)\['row'\], .*a dict has no 'row'; there are rows"
    ):
        pick(load()["row"], {"rows": 1, "x": 2}, "Fit()")


def test_run_by_hand_takes_parts(memory_store):
    made = split(rows=[1])
    made.set_output({"train": [5], "test": [6]})
    assert fit(train=made.train[0]).run() == 5
    assert total()(made.test).run() == [[6]]


def test_a_part_is_not_added_to_a_pipeline():
    with pytest.raises(NotATaskError, match="Part"):
        Pipeline("p", [split(rows=[1]).train])
    assert isinstance(split(rows=[1]).train, Part)
