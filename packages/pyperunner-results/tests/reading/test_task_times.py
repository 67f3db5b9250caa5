"""How long tasks took in earlier runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pyperunner_results import RunFolder, times_of_tasks


def leave(log_path, pipeline, second, **seconds):
    folder = RunFolder.create(log_path, pipeline, now=datetime(2026, 5, 4, 3, 2, second))
    for task, wall in seconds.items():
        folder.event("task_finished", task=task, attempt=1, status="SUCCESS", wall=wall)
    folder.event("task_finished", task="failed", attempt=1, status="FAILURE", wall=9.0)
    folder.event("task_finished", task="hit", attempt=0, status="SUCCESS", wall=0.0)
    folder.close()
    return Path(folder.path)


def test_the_latest_time_of_each_task_counts(tmp_path):
    leave(tmp_path, "p", 1, a=1.0, b=2.0)
    leave(tmp_path, "p", 3, a=3.0)
    leave(tmp_path, "p", 3, a=4.0)
    leave(tmp_path, "p_q", 5, a=5.0)
    assert times_of_tasks(tmp_path, "p") == {"a": 4.0, "b": 2.0}


def test_what_is_missing_or_damaged_is_passed_over(tmp_path):
    assert times_of_tasks(tmp_path / "nowhere", "p") == {}
    good = leave(tmp_path, "p", 1, a=1.0)
    (leave(tmp_path, "p", 2, a=2.0) / "events.jsonl").unlink()
    with (good / "events.jsonl").open("a") as events:
        events.write('{"kind":"task_finished","status":"SUCCESS","task":"b","att')
    assert times_of_tasks(tmp_path, "p") == {"a": 1.0}


def test_only_the_latest_runs_are_read(tmp_path):
    for second in range(5):
        leave(tmp_path, "p", second, **{f"t{second}": 1.0})
    assert sorted(times_of_tasks(tmp_path, "p")) == ["t2", "t3", "t4"]
