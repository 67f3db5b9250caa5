from __future__ import annotations

import json
import math
from pathlib import Path


def events(folder):
    return [json.loads(line) for line in Path(folder.path, "events.jsonl").read_text().splitlines()]


def summary(folder):
    return json.loads(Path(folder.path, "summary.json").read_text())


def test_events_are_lines_of_strict_json(folder):
    folder.event("run_started", total=2)
    folder.event(
        "task_finished", task="A(\ud800\n)", status="SUCCESS", wall=math.nan, parts={"x": (1, math.inf)}, odd=Path("p")
    )
    first, second = events(folder)
    assert first["schema"] == 1
    assert {"kind", "time"} <= set(first)
    assert second["task"] == "A(\ud800\n)"
    assert second["wall"] is None
    assert second["parts"] == {"x": [1, None]}
    assert second["odd"] == "p"


def test_the_summary_says_running_until_the_end(folder, make_conf):
    assert summary(folder)["state"] == "running"
    folder.write_pipeline(make_conf({"A()": ({}, []), "B()": ({}, [])}))
    assert summary(folder)["total"] == 2
    folder.event("task_finished", task="A()", status="FAILURE")
    folder.event("task_finished", task="A()", status="SUCCESS")
    folder.event("task_finished", task="B()", status="SKIPPED")
    folder.finish()
    done = summary(folder)
    assert done["state"] == "success"
    assert done["tasks"] == {"SUCCESS": 1, "SKIPPED": 1}
    assert done["end"] >= done["start"]


def test_a_failed_task_makes_a_failed_run(folder):
    folder.event("task_finished", task="A()", status="CANT_RUN")
    folder.finish()
    assert summary(folder)["state"] == "failure"


def test_the_caller_has_the_last_word(folder):
    folder.finish({"state": "interrupted", "signal": "SIGINT"})
    assert (summary(folder)["state"], summary(folder)["signal"]) == ("interrupted", "SIGINT")


def test_an_event_of_the_schema_is_the_same_line_as_one_in_words(folder):
    folder.record({"kind": "run_started", "pipeline": "p", "tasks": 2, "to_execute": 1, "layout": None})
    folder.event("run_started", pipeline="p", tasks=2, to_execute=1, layout=None)
    first, second = [list(event.items()) for event in events(folder)]
    assert [item for item in first if item[0] != "time"] == [item for item in second if item[0] != "time"]
    assert [name for name, _ in first] == ["kind", "time", "schema", "pipeline", "tasks", "to_execute", "layout"]
