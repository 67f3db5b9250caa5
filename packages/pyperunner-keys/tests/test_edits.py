"""The table of edits: a project on disk is edited and run again in a fresh process."""

from __future__ import annotations

import json
from pathlib import Path

GOLDEN = Path(__file__).with_name("edits") / "digests.json"
OF_ONE_VERSION = ("dynamic: code made by exec at import", "odd: dataclass made by a call")
"""No source, and a class that says it comes from another module since Python 3.12."""

NOT_SEEN = {
    "dynamic: __import__ with a made name",
    "dynamic: file read by a module that is imported inside the function",
    "dynamic: import_module with a made name",
    "dynamic: sys.modules",
}
"""All that changes without the key; each is listed as a gap."""


def test_key_changes_exactly_when_the_result_does(scenario, edited):
    before, after = edited[scenario.name]
    truth = "same" if before["result"] == after["result"] else "changes"
    key = "same" if before["digest"] == after["digest"] else "changes"
    assert truth == scenario.flags[0], "the scenario is not what it says"
    if "gap" in scenario.flags:
        # What cannot be followed is named; where the key does not change, that is the only sign.
        assert before["gaps"]
        assert after["gaps"]
    else:
        assert key == truth
        assert not before["gaps"]


def test_what_is_not_seen_is_known(edited, scenarios):
    stays = {item.name for item in scenarios if item.flags[0] == "changes" and len(_digests(edited[item.name])) == 1}
    assert stays == NOT_SEEN


def _digests(sides):
    return {side["digest"] for side in sides}


def test_there_are_more_than_eighty_edits(scenarios):
    assert len(scenarios) > 80
    assert {item.flags[0] for item in scenarios} == {"changes", "same"}


def test_an_edit_shows_in_the_parts(edited):
    before, after = edited["names: helper of a helper of a helper"]
    assert {name for name, digest in after["parts"].items() if before["parts"][name] != digest} == {"deep.base"}


def test_keys_are_those_of_every_other_python_version(edited):
    golden = json.loads(GOLDEN.read_text())
    found = {name: before["digest"] for name, (before, _) in edited.items() if name not in OF_ONE_VERSION}
    assert found == golden


def test_other_pythons_agree(edited, scenarios, pythons, look_at, tmp_path):
    chosen = [item for item in scenarios if item.name not in OF_ONE_VERSION][::8]
    folders = [item.write(tmp_path / str(number), "-") for number, item in enumerate(chosen)]
    for python in pythons:
        found = [item["digest"] for item in look_at(folders, python)]
        assert found == [edited[item.name][0]["digest"] for item in chosen], python


def test_hash_seeds_do_not_count(edited, scenarios, look_at, tmp_path):
    words = ("set", "dict", "registry", "enum", "dispatch", "flag", "table", "STOP")
    chosen = [item for item in scenarios if any(word in item.name for word in words)][::2]
    folders = [item.write(tmp_path / str(number), "-") for number, item in enumerate(chosen)]
    expected = [edited[item.name][0]["digest"] for item in chosen]
    for seed in range(20):
        assert [item["digest"] for item in look_at(folders, PYTHONHASHSEED=str(seed))] == expected
