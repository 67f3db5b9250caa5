"""The stores of 0.2.0 are read: every entry, exactly, without a warning."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

import pyperunner
from pyperunner_cache import DamagedEntryWarning, MissingEntryError, open_store

linux = pytest.mark.skipif(sys.platform != "linux", reason="the store holds a File below /proc, which only Linux has")
sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from specimens import specimens  # noqa: E402 - tests have no package to import it from


def expected(script, kinds):
    """Return the value of every key of some kinds."""
    return {script.key(kind, label): value for kind in kinds for label, value in script.KINDS[kind]().items()}


STORES = {
    "values": ("values", {}, ("plain", "pickled", "frames", "files")),
    "raw": ("values-raw", {}, ("plain", "files")),
    "safe": ("values-safe", {"trust": "safe"}, ("plain",)),
    "with a limit": ("values-safe", {"trust": "safe", "max_size": "1 GB"}, ("plain",)),
    "database": ("sqlite:///values.db", {}, ("plain", "pickled", "frames", "files")),
}


@linux
@pytest.mark.parametrize("name", STORES)
def test_every_value_is_read(name, make_at_home, same):
    """All that has no class of the script: exactly what was saved, without a warning."""
    url, options, kinds = STORES[name]
    values = expected(make_at_home, kinds)
    lost = make_at_home.key("files", "lost")
    gone = values.pop(lost, None)
    with open_store(url, **options) as store:
        assert not [key for key, value in values.items() if not same(store.load(key), value)]
        if gone:
            assert lost in store
            with pytest.raises(MissingEntryError, match=r"File /pyperunner-0\.2\.0/lost\.txt is gone"):
                store.load(lost)


@linux
def test_nothing_in_the_stores_is_left_out(make_at_home):
    """The tests read every entry that is there."""
    read_here = set(expected(make_at_home, make_at_home.KINDS)) | {f"Specimen({name})/0" for name in specimens()}
    for url in ("values", "values-raw", "values-safe", "sqlite:///values.db"):
        with open_store(url) as store:
            others = {entry["key"] for entry in store.entries()} - read_here
            assert {key.partition("/")[0] for key in others} <= {
                *("Alias(to a value)", "Alias(to a file)", "Alias(to an alias)", "make.squared", "slow"),
            }
            assert not store.verify()["damaged"]


@linux
def test_safe_and_signed_entries_are_read(make_at_home, same):
    """Frames as Arrow, files, and an entry that only the key's owner can have written."""
    frames, files = make_at_home.frames(), make_at_home.files()
    with open_store("values-safe", trust="safe") as store:
        for label in ("frame", "series", "polars frame"):
            assert same(store.load(make_at_home.key("frames", label)), frames[label])
        assert same(store.load(make_at_home.key("files", "nested")), files["nested"])
    with open_store("values-signed", signing_key="env:STORE_KEY") as store:
        assert store.load(make_at_home.key("plain", "dict")) == make_at_home.plain()["dict"]


def test_meta_and_digests_are_those_that_were_given(make, same):
    """What stands beside each value; equal values still have equal digests, which early cutoff and aliases live by."""
    with open_store("values") as store, open_store("now") as now:
        for key, value in expected(make, ("plain",)).items():
            found = store.meta(key)
            assert found["seconds"] == 0.5
            assert found["label"] == key.partition("(")[2].partition(")")[0]
            assert same(found["at"], (1, make.dt.date(2024, 2, 29)))
            assert found["digest"] == now.save(key, value)["digest"]


@linux
def test_aliases_and_files_are_known(make):
    """An alias gives its target's value, and what an entry says of its files is there."""
    with open_store("values") as store:
        target = make.plain()["dict"]
        assert store.load("Alias(to a value)/0") == store.load("Alias(to an alias)/0") == target
        assert store.meta("Alias(to a value)/0")["why"] == "accepted"
        assert store.load("Alias(to a file)/0") == make.files()["file"]
        keys = [*expected(make, ("plain", "files")), "Alias(to a file)/0"]
        found = {
            key.partition("/")[0]: [record["path"] for record in records] for key, records in store.files(keys).items()
        }
        system, none = "/proc/sys/kernel/ostype", "/"
        assert found == {
            "Files(file)": [system],
            "Files(folder)": [none],
            "Files(nested)": [system, none],
            "Files(pickled file)": [system],
            "Files(lost)": ["/pyperunner-0.2.0/lost.txt"],
            "Alias(to a file)": [system],
        }


@pytest.mark.parametrize("url", ["values", "sqlite:///values.db", "script-3.{}"])
def test_the_script_gets_its_own_classes_back(url, make_at_home, same):
    """The very classes and functions of the script that stored them, whichever Python wrote the entry."""
    skip_without_script(url)
    with open_store(url.format(sys.version_info.minor)) as store:
        found = {label: store.load(make_at_home.key("script", label)) for label in loadable(url, make_at_home)}
    wanted = make_at_home.script()
    assert found["enum"] is make_at_home.Color.RED
    assert found["class"] is make_at_home.Model
    assert found["function"] is make_at_home.scaled
    assert found["task class"] is make_at_home.Train
    compared = found.keys() - {"method", "lambda", "decorated"}
    assert not [label for label in compared if not same(found[label], wanted[label])]
    assert found["method"](2) == 7
    assert found.get("lambda", wanted["lambda"])(2) == 6


def skip_without_script(url):
    if "{}" in url and not Path(url.format(sys.version_info.minor)).exists():
        pytest.skip(f"0.2.0 did not run on Python 3.{sys.version_info.minor}")


def loadable(url, script):
    """Return the labels whose entries this Python can read: what has no name is kept as its byte code."""
    other = "{}" not in url and sys.version_info[:2] != (3, 10)
    return script.script().keys() - ({"lambda", "decorated"} if other else set())


def test_another_program_gets_them_rebuilt(old):
    """Classes and functions by their definition, where the script is not there: with the Python that stored them."""
    folder = f"script-3.{sys.version_info.minor}"
    skip_without_script("script-3.{}")
    make = importlib.util.spec_from_file_location("make_elsewhere", old / "make.py")
    elsewhere = importlib.util.module_from_spec(make)
    sys.modules["make_elsewhere"] = elsewhere
    try:
        make.loader.exec_module(elsewhere)
        with open_store(folder) as store:
            found = {label: store.load(elsewhere.key("script", label)) for label in elsewhere.script()}
    finally:
        del sys.modules["make_elsewhere"]
    assert found["enum"].name == "RED"
    assert type(found["enum"]) is not elsewhere.Color
    assert (found["dataclass"].x, found["dataclass"].y) == (1, 2.5)
    assert found["named tuple"]._asdict() == {"first": 1, "second": "b"}
    assert found["instance"].predict(2) == found["method"](2) + 1 == 8
    assert found["class"]([1]).predict(1) == 4
    assert (found["function"](2), found["lambda"](2)) == (6, 6)
    assert found["error"].args == ("x", 2)
    assert isinstance(found["error"], ValueError)
    assert issubclass(found["task class"], pyperunner.Task)
    assert found["decorated"]("x").execute([1], {}) == [1]
    assert found["task"].name == "Train(stored)"
    assert found["task"].execute([], {"counted": {"rows": 3}}).weights == [1.5, 0, 3]
    secret, options = found["secret"]
    assert (secret.env, secret.key, secret.reveal()) == ("FLOW_PASSWORD", "account", "s3cret")
    assert options.retries == 2


def test_an_instance_of_every_public_class_is_read(old, same):
    """Errors with facts, text and bases; records, options, tasks and pipelines, each as it would be made today."""
    wanted = specimens()
    with open_store("sqlite:///values.db") as store:
        keys = [entry["key"] for entry in store.entries() if entry["key"].startswith("Specimen")]
        found = {key[len("Specimen(") : -len(")/0")]: store.load(key) for key in keys}
    assert len(found) > 100
    assert not [name for name, value in found.items() if not same(value, wanted[name])]


def test_a_memoized_function_is_called_anew_once(make):
    """Its keys have another format now; what 0.2.0 stored stays, and the ignored argument counts as little as ever."""
    with open_store("values") as store:
        square, slow = make.memoized(store)
        before = {entry["key"] for entry in store.entries()}
        for _ in range(2):
            assert square(3) == square(3, verbose=True) == {"n": 3, "square": 27}
            assert asyncio.run(slow(1)) == 2
            after = {entry["key"] for entry in store.entries()}
            assert before < after
            assert len(after) == len(before) + 2


def test_a_damaged_copy_is_noticed(old, make):
    """These tests would not pass by accident: a flipped bit is a miss with a warning."""
    store = open_store("values")
    path = Path(store.locate(make.key("plain", "dict")))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.warns(DamagedEntryWarning), pytest.raises(MissingEntryError):
        store.load(make.key("plain", "dict"))
