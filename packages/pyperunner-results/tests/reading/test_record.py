from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyperunner_results import NotARun
from pyperunner_results.reading.record import read_events, read_record, read_summary, run_state


def test_the_last_attempt_counts_and_all_are_kept(folder):
    folder.event("run_started", layout={"nodes": [], "edges": []})
    folder.event("task_started", task="A()", attempt=1, process=1)
    folder.event("task_retried", task="A()", attempt=1, status="FAILURE", wall=1.0, error={"type": "OSError"})
    folder.event("task_started", task="A()", attempt=2, process=2)
    folder.event("task_finished", task="A()", attempt=2, status="SUCCESS", wall=2.0)
    folder.event("task_finished", task="B()", attempt=0, status="SKIPPED", reason="up to date")
    folder.event("something_new", task="A()")
    folder.finish()
    record = read_record(folder.path)
    assert (record.state, record.layout) == ("success", {"nodes": [], "edges": []})
    assert (record.tasks["A()"].status, record.tasks["A()"].facts["wall"]) == ("SUCCESS", 2.0)
    assert [facts["wall"] for facts in record.tasks["A()"].attempts] == [1.0, 2.0]
    assert (record.tasks["B()"].status, record.tasks["B()"].facts["reason"]) == ("SKIPPED", "up to date")


def test_times_of_events_stand_for_those_not_given(folder):
    folder.event("task_started", task="A()", attempt=1)
    folder.event("task_finished", task="A()", attempt=1, status="SUCCESS", end=5.0)
    facts = read_record(folder.path).tasks["A()"].attempts[0]
    assert facts["start"] > 5.0
    assert facts["end"] == 5.0


def test_an_end_without_number_belongs_to_the_attempt_that_runs(folder):
    folder.event("task_started", task="A()", attempt=1)
    folder.event("task_finished", task="A()", attempt=0, status="FAILURE", reason="interrupted")
    record = read_record(folder.path).tasks["A()"]
    assert (record.status, record.facts["reason"], len(record.attempts)) == ("FAILURE", "interrupted", 1)
    assert "end" in record.attempts[0]


def test_the_text_of_the_code_is_kept_by_its_digest(folder):
    folder.event("code_part", name="flow.clean", digest="ab", source="def clean(): ...")
    folder.event("code_part", name="flow.other", digest="cd", source=None)
    assert read_record(folder.path).sources == {"ab": "def clean(): ..."}


def test_a_run_can_be_read_while_it_goes_on_and_after_it_was_killed(folder):
    folder.event("task_started", task="A()", attempt=1)
    assert read_record(folder.path).state == "running"
    assert read_record(folder.path).tasks["A()"].status == "RUNNING"
    summary = Path(folder.path, "summary.json")
    content = json.loads(summary.read_text())
    content["process"]["started"] = 1
    summary.write_text(json.dumps(content))
    assert read_record(folder.path).state == "interrupted"
    assert read_record(folder.path).tasks["A()"].status == "INTERRUPTED"


def test_lines_that_are_cut_or_damaged_are_left_out(folder):
    folder.event("task_finished", task="A()", status="SUCCESS")
    with Path(folder.path, "events.jsonl").open("ab") as file:
        file.write(b'\xff\n[]\n{"kind": 1}\n' + b"[" * 100_000 + b'\n{"kind": "task_finished", "task": "B()", "sta')
    assert [event["task"] for event in read_events(folder.path)] == ["A()"]


def test_what_is_not_wanted_is_not_kept(folder):
    """What keys are made of is most of a record, and a report has no use for it."""
    folder.event("task_finished", task="A()", attempt=1, status="SUCCESS", parts={"task": "A"}, wall=1.0)
    assert read_record(folder.path).tasks["A()"].facts["parts"] == {"task": "A"}
    facts = read_record(folder.path, leave_out="parts").tasks["A()"].facts
    assert "parts" not in facts
    assert facts["wall"] == 1.0


def test_two_events_on_one_line_are_none(folder):
    with Path(folder.path, "events.jsonl").open("ab") as file:
        file.write(b'{"kind": "task_finished", "task": "A()"} {"kind": "task_finished", "task": "B()"}\n')
    assert list(read_events(folder.path)) == []


def test_no_events_are_no_error(folder):
    assert list(read_events(folder.path)) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no summary.json"),
        ("", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[]", "which format"),
        ('{"schema": "x"}', "which format"),
        ('{"schema": 999}', "format 999 and this version reads formats up to 1; upgrade"),
    ],
)
def test_what_is_no_run_is_said_to_be_none(tmp_path, content, words):
    if content is not None:
        (tmp_path / "summary.json").write_text(content)
    with pytest.raises(NotARun) as caught:
        read_summary(str(tmp_path))
    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_only_a_running_run_can_be_found_interrupted():
    dead = {"host": "x", "pid": 1}
    assert run_state({"state": "success", "process": dead}) == "success"
    assert run_state({"state": "running", "process": None}) == "running"
