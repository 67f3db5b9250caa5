"""What a store holds is shown, and what nobody needs goes; what records and running runs need stays."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

QUICK = ("--no-report", "--executor", "inline")


@pytest.fixture
def ran(say, flow: Path, folder: Path) -> Path:
    """Two runs that share one of their two outputs each; the folder of records."""
    assert say("run", "flow.py", *QUICK).code == 0
    assert say("run", "flow.py", "--set", "Double().times=5", *QUICK).code == 0
    return folder / "pyperunner-runs"


def runs_of(ran: Path) -> list[Path]:
    return sorted(ran.iterdir(), key=lambda path: json.loads((path / "summary.json").read_text())["start"])


def stored(say) -> set[str]:
    entries = json.loads(say("cache", "ls", "--json").out)["entries"]
    return {entry["key"].partition("/")[0] for entry in entries} | {len(entries)}


def test_room_by_task_and_by_run(say, ran: Path) -> None:
    lines = [line.split() for line in say("cache", "du").out.splitlines()]
    assert [(line[0], line[-1]) for line in lines[:3]] == [("entries", "task"), ("2", "Double()"), ("1", "Number()")]
    assert lines[3][:2] == ["3", "entries,"]
    by_run = json.loads(say("cache", "du", "--by", "run", "--json").out)
    assert [(run["name"], run["entries"]) for run in by_run["runs"]] == [
        *((run.name, 2) for run in runs_of(ran)),
        (None, 0),
    ]
    first = by_run["runs"][0]
    assert 0 < first["alone"] < first["bytes"]
    assert by_run["entries"] == 3


def test_entries_are_listed_by_task(say, ran: Path) -> None:
    assert len(say("cache", "ls").out.splitlines()) == 4
    assert [line.split()[-1].partition("/")[0] for line in say("cache", "ls", "Num*").out.splitlines()[1:]] == [
        "Number()"
    ]
    unknown = say("cache", "ls", "Numbr()")
    assert (unknown.code, "Did you mean Number()" in unknown.err) == (2, True)


def test_nothing_goes_that_a_record_needs(say, ran: Path) -> None:
    for action in (["gc", "--max-size", "0"], ["gc", "--max-age", "0"], ["gc", "--keep-pipelines"], ["clear"]):
        said = say("cache", *action)
        assert (said.code, "0 entries, 0 B, removed; 3 kept" in said.out) == (0, True)
    assert stored(say) == {"Double()", "Number()", 3}


def test_what_no_record_needs_any_more_goes(say, shell, ran: Path) -> None:
    assert say("runs", "--prune", "--keep-last", "1").out.endswith("1 run of 2 removed\n")
    would = say("cache", "gc", "--keep-pipelines", "--dry-run")
    assert would.out.startswith("1 entry, ")
    assert "would be removed; 2 kept" in would.out
    assert stored(say) == {"Double()", "Number()", 3}
    kept = shell("cache", "gc", "--keep-pipelines", "flow.py")  # what the first run made is of the flow as it is
    assert kept.out.startswith("0 entries, ")
    assert say("cache", "gc", "--keep-pipelines").out.startswith("1 entry, ")
    assert stored(say) == {"Double()", "Number()", 2}
    assert say("results", "latest", "Double()").out == "15\n"


def test_a_pipeline_is_kept_without_any_record(say, shell, ran: Path, flow: Path) -> None:
    flow.write_text(f"print('loading')\n{flow.read_text()}")
    say("runs", "--prune", "--keep-last", "0")
    said = shell("cache", "gc", "--keep-pipelines", "flow.py", "--json")
    assert (json.loads(said.out)["evicted"], json.loads(said.out)["needed"]) == (1, 2)
    assert "0 of 2 tasks to execute" in shell("plan", "flow.py").out


def test_what_an_accepted_output_stands_for_stays(say, shell, ran: Path, flow: Path) -> None:
    say("runs", "--prune", "--keep-last", "0")
    flow.write_text(flow.read_text().replace("return value", "return value + 0"))
    assert shell("accept", "flow.py", "Number()", "--downstream", "--yes").code == 0
    assert shell("cache", "gc", "--keep-pipelines", "flow.py").out.startswith("1 entry, ")
    assert "\n0 executed, 2 skipped in " in shell("run", "flow.py", *QUICK).out
    assert say("results", "latest", "Double()").out == "6\n"


def test_a_running_run_stays_and_what_it_needs(say, ran: Path) -> None:
    for run in runs_of(ran):
        summary = json.loads((run / "summary.json").read_text())
        process = {**summary["process"], "pid": os.getpid(), "started": None}
        (run / "summary.json").write_text(json.dumps({**summary, "state": "running", "process": process}))
    assert say("runs", "--prune", "--keep-last", "0").out == "0 runs of 2 removed\n"
    assert say("cache", "clear").out.startswith("0 entries")
    assert say("cache", "clear", "--dry-run", "--force").out.startswith("3 entries, ")
    assert stored(say) == {"Double()", "Number()", 3}
    assert say("cache", "clear", "Double()", "--force").out.startswith("2 entries, ")
    assert stored(say) == {"Number()", 1}


def test_a_record_that_cannot_be_read_stops_a_clean_up(say, ran: Path) -> None:
    (runs_of(ran)[0] / "pipeline.yaml").write_text("tasks: [")
    for action in (["gc", "--max-size", "0"], ["clear"]):
        said = say("cache", *action)
        assert (said.code, "pipeline.yaml" in said.err) == (2, True)
    assert stored(say) == {"Double()", "Number()", 3}


def test_damage_is_found(say, ran: Path, folder: Path) -> None:
    assert say("cache", "verify").out == "3 entries checked, 0 damaged\n"
    victim = next((folder / "pyperunner-data").glob("Number*/*/result.dump.*"))
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(content)
    said = say("cache", "verify")
    assert said.code == 1
    assert said.out.startswith("damaged, set aside: Number()/")
    assert json.loads(say("cache", "du", "--json").out)["aside"] == 1
    assert "and 1 damaged or left by dead writers" in say("cache", "gc").out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["du"], "there is no store at 'pyperunner-data'"),
        (["gc", "--max-size", "many"], "not an amount: 'many'"),
        (["gc", "--max-age", "-1"], "not an amount: '-1'"),
        (["tidy"], "invalid choice: 'tidy'"),
        ([], "ACTION"),
    ],
)
def test_mistakes_get_a_sentence_and_make_nothing(say, folder: Path, argv: list[str], said: str) -> None:
    found = say("cache", *argv)
    assert found.code == 2
    assert said in found.err
    assert "Traceback" not in found.err
    assert not list(folder.iterdir())


def test_a_target_that_is_wrong_removes_nothing(say, ran: Path) -> None:
    say("runs", "--prune", "--keep-last", "0")
    assert say("cache", "gc", "--keep-pipelines", "flow.py:nothing").code == 2
    assert stored(say) == {"Double()", "Number()", 3}
