"""Mapped tasks: what is mapped, what counts, the elements that come of it, and the saved form."""

from __future__ import annotations

import pickle

import pytest
import yaml

from pyperunner_dag import (
    Folder,
    Listing,
    MapError,
    NotYetKnownError,
    Pipeline,
    PipelineFileError,
    TaskNameError,
    TaskParamError,
    expand,
    fixed,
    items_of,
    known_key,
    listing_of,
    mapped_sources,
    mapped_steps,
    resolve,
    task,
)


@task("Files")
def files(n=0):
    return []


@task("Clean")
def clean(path, encoding="utf-8"):
    return path


@task("Choose")
def choose(scores):
    return scores


@task("Sum")
def total(data):
    return data


def listing(*digests, labels=None):
    return lambda source: Listing(labels, [f"{each:032d}" for each in digests])


def test_what_is_mapped_and_what_is_handed_whole():
    made = clean.map(path=["a", "b"], encoding="ascii")
    assert (made.name, made.mapping.params, made.mapping.how) == ("Clean(*)", ("path",), "zip")
    assert made.params == {"path": ["a", "b"], "encoding": "ascii"}
    first, second = expand(made, listing())
    assert (first.name, first.params) == ("Clean(*)[0]", {"encoding": "ascii", "path": "a"})
    assert (second.of, second.tag, second.task_name) == (made, "*", "Clean")
    whole = clean.map(path=["a"], encoding=fixed(["x", "y"]))
    assert expand(whole, listing())[0].params["encoding"] == ["x", "y"]


def test_params_are_checked_as_ever():
    with pytest.raises(TaskParamError, match="unexpected keyword argument 'paths'"):
        clean.map(path=1, paths=["a"])
    with pytest.raises(TaskParamError, match="missing a required argument: 'path'"):
        clean.map(encoding=["a"])


def test_an_element_counts_by_what_it_is_and_not_by_where_it_stands():
    over = files()
    made = clean.map(path=over)
    one, two = expand(made, listing(1, 2))
    keys = [one.key, two.key]
    assert [each.key for each in expand(made, listing(2, 1))] == keys[::-1]
    assert keys[0].startswith("Clean(*)/")
    assert expand(clean.map(path=files(n=1)), listing(1))[0].key == keys[0]
    assert len({*keys, expand(clean.map(path=over, encoding="x"), listing(1))[0].key}) == 3


def test_an_element_of_a_mapped_task_counts_by_the_key_of_that_element():
    made = clean.map(path=files())
    after = choose.map(scores=made)
    expand(made, listing(1, 2))
    keys = [each.key for each in expand(after, listing())]
    expand(made, listing(2, 1))
    assert [each.key for each in expand(after, listing())] == keys[::-1]


def test_hash_is_of_what_is_written_and_key_of_what_is_known():
    made = clean.map(path=files())
    last = choose(scores=made)
    written = [made.hash(), last.hash()]
    for each in (made, last):
        with pytest.raises(NotYetKnownError):
            each.key
        assert known_key(each) == f"{each.name}/{each.hash()}"
    expand(made, listing(1, 2))
    resolve(last)
    known = last.key
    expand(made, listing(2, 1))
    resolve(last)
    assert last.key != known
    assert [made.hash(), last.hash()] == written
    assert clean.map(path=files(n=1)).hash() != written[0] != clean.map(path=[1]).hash()


def test_how_and_over_what_it_is_mapped_count():
    hashes = {
        clean.map(path=[1, 2], encoding=["a", "b"]).hash(),
        clean.map(path=[1, 2], encoding=["a", "b"], how="product").hash(),
        clean.map(encoding=["a", "b"], path=[1, 2], how="product").hash(),
        clean.map(path=[1, 2], encoding=fixed(["a", "b"])).hash(),
        clean.map("x", path=[1, 2], encoding=["a", "b"]).hash(),
    }
    assert len(hashes) == 5
    assert clean.map(path=[1], encoding=["a"]).hash() == clean.map(encoding=["a"], path=[1]).hash()


def test_a_product_goes_through_the_last_list_fastest():
    made = clean.map(path=[1, 2], encoding={"x": "a", "y": "b"}, how="product")
    elements = expand(made, listing())
    assert [(each.params["path"], each.params["encoding"]) for each in elements] == [
        *((1, "a"), (1, "b")),
        *((2, "a"), (2, "b")),
    ]
    assert elements[1].name == "Clean(*)[0,y]"


def test_labels_name_the_elements_and_must_differ():
    assert [each.name for each in expand(clean.map(path={"x": 1}), listing())] == ["Clean(*)[x]"]
    with pytest.raises(MapError, match="not all different as text"):
        expand(clean.map(path={1: "a", "1": "b"}), listing())


def test_lists_of_tasks_are_mapped_too():
    made = choose.map(scores=[files(), files("x", n=1), 5])
    elements = expand(made, listing())
    assert [[up.name for up in each.upstream] for each in elements] == [["Files()"], ["Files(x)"], []]
    assert len({each.key for each in elements}) == 3


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ([1], (None, [1])),
        ((1,), (None, (1,))),
        ({"a": 1, (1, 2): 3}, (["a", "1,2"], [1, 3])),
        ("ab", None),
        (b"ab", None),
        (5, None),
        ({1}, None),
        (None, None),
    ],
)
def test_what_a_value_consists_of(value, items):
    assert items_of(value) == items


def test_a_folder_consists_of_its_files(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/c.txt", "a.txt"):
        (tmp_path / name).write_text(name)
    found = items_of(Folder(tmp_path))
    assert found.labels == ["a.txt", "b/c.txt"]
    assert [type(file).__name__ for file in found.values] == ["File", "File"]


def test_a_listing_is_packed_and_what_is_forged_is_nothing():
    made = listing_of(items_of({"a": 1, "b": lambda_like}))
    assert Listing.unpacked(made.packed()) == made
    assert Listing.unpacked(listing_of(items_of([1, 1])).packed()).digests[0] == made.digests[0]
    for forged in (None, {}, {"digests": 5}, {"digests": "x" * 32, "labels": []}, {"digests": "", "labels": 3}):
        assert Listing.unpacked(forged) is None


class lambda_like:
    pass


def test_which_lists_a_task_makes_for_others():
    over = files()
    made = clean.map(path=over["a"])
    choose.map(scores=over)
    choose.map("x", scores=made)
    assert mapped_steps(over, over.children) == [["a"], []]
    assert mapped_steps(made, made.children) == []
    assert [source.name for source in mapped_sources(made)] == ["Files()['a']"]


def test_an_element_goes_alone_to_another_process():
    made = clean.map(path=files())
    element = expand(made, listing(1))[0]
    alone = pickle.loads(pickle.dumps(element.detached()))
    assert (alone.key, alone.name) == (element.key, "Clean(*)[0]")
    assert [source.name for source in alone.sources] == ["Files()[0]"]
    element.sources[0].value = "a.csv"
    alone = pickle.loads(pickle.dumps(element.detached()))
    assert (alone.key, alone.sources, alone.inputs) == (element.key, [], {"path": "a.csv"})


def test_what_takes_a_list_goes_with_the_keys_of_its_elements():
    made = clean.map(path=files())
    last = choose(scores=made)
    elements = expand(made, listing(1, 2))
    resolve(last)
    alone = pickle.loads(pickle.dumps(last.detached()))
    assert alone.key == last.key
    assert alone.sources[0].entries == [(each.name, each.key) for each in elements]


def test_maps_survive_the_yaml_form():
    over = files()
    made = clean.map("m", path=over["a"], encoding=fixed(("x",)))
    total()(made)(made.successes())
    choose(scores={"ok": made.successes(), "all": made})
    grid = choose.map(scores=[(1, 2), [3]], how="product")
    pipeline = Pipeline("p", [over, grid])
    saved = yaml.safe_load(yaml.safe_dump(pipeline.to_dict(), sort_keys=False))
    assert saved["tasks"]["Clean(m)"]["map"] == {"path": {"$part": ["Files()", "a"]}}
    again = Pipeline.from_dict(saved)
    assert again.to_dict() == pipeline.to_dict()
    assert [source.name for source in again.dag()["Sum()"].given] == ["Clean(m)", "Clean(m).successes()"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda entry: entry.update(map={"path": {"$value": "text"}}),
        lambda entry: entry.update(map={"path": "No()"}),
        lambda entry: entry.update(map=["path"]),
        lambda entry: entry.update(how="cross"),
        lambda entry: entry.update(params={"path": 1}),
        lambda entry: entry.update(map={"path": {"$successes": "Files()"}}),
        lambda entry: entry.pop("map"),
    ],
)
def test_forged_maps_are_refused(spoil):
    saved = Pipeline("p", [clean.map(path=files())]).to_dict()
    spoil(saved["tasks"]["Clean(*)"])
    with pytest.raises(PipelineFileError, match=r"Clean\(\*\)"):
        Pipeline.from_dict(saved)


def test_the_tag_of_maps_is_no_other_tasks():
    with pytest.raises(TaskNameError, match="the tag of a mapped task"):
        files("*")
