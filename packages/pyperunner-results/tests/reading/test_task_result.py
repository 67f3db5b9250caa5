from __future__ import annotations

import pytest

from pyperunner_results import PipelineResult

ERROR = {"error": "ValueError: no rows", "traceback": "Traceback …\nValueError: no rows"}


@pytest.fixture
def results(folder, make_conf, json_folder, tmp_path):
    conf = make_conf({"Load(csv)": ({"n": 1}, []), "Train()": ({}, ["Load(csv)"]), "Score()": ({}, ["Train()"])})
    reader = json_folder(tmp_path / "data")
    reader.save(f"Load(csv)/{conf['tasks']['Load(csv)']['hash']}", [1, 2])
    folder.write_pipeline(conf)
    folder.event("task_finished", task="Load(csv)", attempt=0, status="SKIPPED", reason="up to date")
    log = folder.task_log("Train()")
    log.log("epoch 1\nepoch 2")
    folder.event(
        "task_finished", task="Train()", attempt=1, status="FAILURE", reason="code changed", start=10.0, end=12.5,
        wall=2.5, cpu=2, max_rss=2 << 20, uss_peak=1 << 20, log=log.file, size=5, digest="ab", **ERROR,
    )  # fmt: skip
    return PipelineResult.from_file(folder.path, reader)


def test_it_says_what_the_pipeline_file_says(results):
    task = results.task("Load(csv)")
    assert (task.name, task.tag, task.params, task.parents) == ("Load(csv)", "csv", {"n": 1}, [])
    assert task.key == f"Load(csv)/{1:032x}"
    assert results.task("Train()").parents == ["Load(csv)"]


def test_outputs_are_read_when_asked_for(results):
    assert results.task("Load(csv)").output_exists()
    assert results.task("Load(csv)").output == [1, 2]
    assert results.task("Load(csv)").output is not results.task("Load(csv)").output
    assert not results.task("Train()").output_exists()


def test_it_says_what_the_run_recorded(results):
    task = results.task("Train()")
    assert (task.status, task.reason) == ("FAILURE", "code changed")
    assert (task.start, task.end, task.wall, task.cpu, task.memory_peak) == (10.0, 12.5, 2.5, 2, 1 << 20)
    assert (task.output_size, task.output_digest, task.executed) == (5, "ab", True)
    assert task.error == "ValueError: no rows"
    assert task.traceback == ERROR["traceback"]
    assert task.log_tail() == "epoch 1\nepoch 2"
    assert task.log_tail(1) == "epoch 2"
    assert [facts["attempt"] for facts in task.attempts] == [1]
    assert repr(task) == "<TaskResult 'Train()' FAILURE>"


def test_a_task_that_was_not_started_has_a_reason_and_no_attempt(results):
    task = results.task("Load(csv)")
    assert (task.status, task.reason, task.executed, task.attempts, task.wall) == (
        "SKIPPED",
        "up to date",
        False,
        [],
        None,
    )


def test_without_a_sample_of_its_own_memory_the_whole_counts(folder, results):
    folder.event("task_finished", task="Score()", attempt=1, status="SUCCESS", max_rss=7, uss_peak=None)
    task = results.task("Score()")
    assert (task.memory_peak, task.memory_own, task.memory_resident) == (7, None, 7)


def test_what_was_not_recorded_is_none(results):
    task = results.task("Score()")
    known = [
        task.status,
        task.reason,
        task.start,
        task.wall,
        task.memory_peak,
        task.error,
        task.traceback,
        task.log_file,
    ]
    assert known == [None] * 8
    assert task.log_tail() == ""
    assert task.attempts == []
    assert repr(task) == "<TaskResult 'Score()' no record>"


@pytest.mark.parametrize("log", ["../../secret.txt", "/etc/passwd", "logs/none.log", 5])
def test_no_record_makes_it_read_outside_the_run_folder(folder, results, tmp_path, log):
    (tmp_path / "secret.txt").write_text("secret")
    folder.event("task_finished", task="Train()", attempt=1, status="SUCCESS", log=log)
    assert results.task("Train()").log_file is None
    assert results.task("Train()").log_tail() == ""


def test_facts_of_a_wrong_type_are_not_believed(folder, results):
    folder.event(
        "task_finished",
        task="Train()",
        attempt=1,
        status="SUCCESS",
        wall="long",
        uss_peak=[],
        max_rss=None,
        error=["x"],
        reason=3,
        traceback={},
    )
    task = results.task("Train()")
    assert [task.wall, task.memory_peak, task.error, task.traceback, task.reason] == [None] * 5
