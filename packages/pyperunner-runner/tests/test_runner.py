"""The runner as its user sees it: what runs, what is skipped, what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, PipelineError, Task, run
from pyperunner_runner import RunFailed, Runner, StoreNotShareable, StoreNotWritable, TaskKilled, UnknownExecutor
from pyperunner_runner.events import RunFinished, RunStarted, TaskFinished, TaskOutput, TaskStarted


class Kill(Task):
    @run
    def run(self):
        os.kill(os.getpid(), signal.SIGSEGV)


class Wait(Task):
    @run
    def run(self, data, seconds):
        time.sleep(seconds)


class Speak(Task):
    @run
    def run(self):
        import logging
        import warnings

        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.getLogger("speech").error("to the log")
        warnings.warn("careful", UserWarning, stacklevel=1)


class TwoArguments(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Odd(Task):
    @run
    def run(self):
        raise TwoArguments(1, 2)


def test_a_run_executes_everything_once_and_the_next_nothing(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    assert kit.executed() == ["a", "b", "c"]
    assert kit.statuses(pipeline) == {"a": "SUCCESS", "b": "SUCCESS", "c": "SUCCESS"}
    assert dict(runner.results()) == {"Count(a)": 1, "Count(b)": 2, "Count(c)": 3}
    runner.run(pipeline)
    assert kit.executed() == []
    assert kit.statuses(pipeline) == {"a": "SKIPPED", "b": "SKIPPED", "c": "SKIPPED"}
    assert dict(pipeline.results()) == {"Count(a)": 1, "Count(b)": 2, "Count(c)": 3}


def test_a_new_process_object_finds_the_outputs(kit):
    kit.runner().run(kit.abc())
    kit.executed()
    again = kit.abc()
    kit.runner().run(again)
    assert kit.executed() == []
    assert [task.output for task in again.dag()] == [1, 2, 3]


def test_a_removed_output_runs_its_task_and_successors_and_loads_only_what_they_need(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    a, b, _c = pipeline.dag()
    Path(b.output_filename()).unlink()
    runner.run(pipeline)
    assert kit.executed() == ["b", "c"]
    assert [task.tag for task in runner.tasks_execute] == ["a", "b", "c"]
    assert [task.tag for task in runner.tasks_queue] == ["a", "b", "c"]
    assert a.status is Task.Status.SUCCESS


def test_reload_and_force(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    runner.run(pipeline, force_reload=True)
    assert kit.executed() == ["a", "b", "c"]
    _, b, _ = pipeline.dag()
    b.set_reload(True)
    runner.run(pipeline)
    assert kit.executed() == ["b", "c"]


def test_a_failure_leaves_the_rest_running(kit):
    bad = kit.task("bad", fail=True)
    after = kit.task("after", bad)
    kit.task("last", after)
    pipeline = Pipeline("mixed", [bad, kit.task("good")])
    runner = kit.runner()
    runner.run(pipeline)
    assert kit.statuses(pipeline) == {"bad": "FAILURE", "good": "SUCCESS", "after": "CANT_RUN", "last": "CANT_RUN"}
    assert isinstance(bad.result.exception, ValueError)
    assert str(bad.result.exception) == "no bad today"
    first, second, *_ = bad.result.traceback.splitlines()
    assert first.startswith("Traceback")
    assert __file__.rpartition("/")[0] in second
    folder = Path(runner.run_folder)
    assert "no bad today" in (folder / "exception.log").read_text()
    with pytest.raises(RunFailed, match=r"Count\(bad\).*Count\(after\), Count\(last\)"):
        runner.run(pipeline, raise_on_failure=True)


def test_what_finished_before_a_failure_is_not_run_again(kit):
    a = kit.task("a")
    kit.task("b", a, fail=True)
    kit.runner().run(Pipeline("p", [a]))
    assert kit.executed() == ["a", "b"]
    a = kit.task("a")
    kit.task("b", a, fail=True)
    kit.runner().run(Pipeline("p", [a]))
    assert kit.executed() == ["b"]


def test_a_killed_task_names_the_signal(kit):
    task = Kill()
    kit.runner().run(Pipeline("p", [task]))
    assert task.status is Task.Status.FAILURE
    assert isinstance(task.result.exception, TaskKilled)
    assert str(task.result.exception) == "Kill(): killed by SIGSEGV"


def test_an_exception_that_cannot_travel_arrives_by_name_and_text(kit):
    task = Odd()
    kit.runner().run(Pipeline("p", [task]))
    assert type(task.result.exception).__name__ == "TwoArguments"
    assert str(task.result.exception) == "1 and 2"
    assert "raise TwoArguments(1, 2)" in task.result.traceback


@pytest.mark.filterwarnings("default")
def test_a_damaged_input_is_made_again(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    a, b, c = pipeline.dag()
    Path(a.output_filename()).write_bytes(b"not an entry")
    Path(b.output_filename()).unlink()
    runner.run(pipeline)
    assert kit.executed() == ["a", "b", "c"]
    assert kit.statuses(pipeline) == {"a": "SUCCESS", "b": "SUCCESS", "c": "SUCCESS"}
    assert c.output == 3


class Meet(Task):
    @run
    def run(self, folder, number, all_of_them):
        Path(folder, str(number)).touch()
        end = time.monotonic() + 30
        while len(list(Path(folder).iterdir())) < all_of_them:
            assert time.monotonic() < end, "the others do not come"
            time.sleep(0.01)


def test_independent_tasks_run_side_by_side(kit, tmp_path):
    (tmp_path / "met").mkdir()
    tasks = [Meet(str(number), folder=str(tmp_path / "met"), number=number, all_of_them=4) for number in range(4)]
    kit.runner(process_limit=4).run(Pipeline("p", tasks), raise_on_failure=True)


def test_the_limit_is_kept(kit):
    seen = []
    running = set()

    def hook(event):
        if isinstance(event, TaskStarted):
            running.add(event.task)
            seen.append(len(running))
        elif isinstance(event, TaskFinished):
            running.discard(event.task)

    pipeline = Pipeline("p", [Wait(str(index), seconds=0.02) for index in range(6)])
    kit.runner(process_limit=2, hooks=[hook]).run(pipeline)
    assert max(seen) == 2


def test_hooks_hear_the_whole_run_in_order(kit):
    events = []
    pipeline = kit.abc()
    kit.runner(hooks=[events.append]).run(pipeline)
    assert [type(event) for event in events] == [RunStarted, *[TaskStarted, TaskFinished] * 3, RunFinished]
    assert events[-1].statuses == {f"Count({tag})": "SUCCESS" for tag in "abc"}


def test_a_hook_that_fails_is_left_out(kit):
    calls = []

    def hook(event):
        calls.append(event)
        raise RuntimeError("broken")

    with pytest.warns(RuntimeWarning, match="broken"):
        kit.runner(hooks=[hook]).run(kit.abc())
    assert len(calls) == 1


@pytest.mark.filterwarnings("default")
def test_what_tasks_say_is_in_the_log_with_its_level(kit):
    events = []
    runner = kit.runner(hooks=[events.append])
    runner.run(Pipeline("p", [Speak()]))
    said = {
        (event.stream, event.level, event.text.rpartition(": ")[2]) for event in events if type(event) is TaskOutput
    }
    assert {("stdout", "INFO", "to stdout"), ("stderr", "WARNING", "to stderr")} <= said
    assert ("speech", "ERROR", "to the log") in said
    assert any(stream == "py.warnings" and level == "WARNING" for stream, level, _ in said)
    log = (Path(runner.run_folder) / "pipeline.log").read_text()
    for text in ("to stdout", "to stderr", "to the log", "careful", "Speak()"):
        assert text in log


def test_by_hand_step_by_step(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    runner.assert_valid_pipeline()
    runner.queue_tasks()
    order = []
    while not runner.finished:
        while (task := runner.dequeue()) is not None:
            order.append(task.tag)
            handle = runner.start_task(task)
            assert handle.pid is not None
            handle.join()
            assert (handle.is_alive(), handle.exitcode) == (False, 0)
        runner.finish_tasks()
    assert order == ["a", "b", "c"]
    assert runner.get_predecessor_outputs(runner.tasks_queue[2]) == [2]
    runner.save_pipeline_params()
    assert Path(runner.pipeline_params_filename()).is_file()
    assert dict(runner.results()) == {"Count(a)": 1, "Count(b)": 2, "Count(c)": 3}


def test_a_result_given_by_hand_reaches_the_next_task(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    a = runner.dequeue()
    runner.process_task_result(a, Task.TaskResult(Task.Status.SUCCESS, 41))
    b = runner.dequeue()
    runner.start_task(b).join()
    runner.finish_tasks()
    assert b.output == 42
    assert a.output == 41


def test_a_failure_given_by_hand_blocks_what_follows(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    result = Task.TaskResult(Task.Status.FAILURE, None, ValueError("mine"), "a traceback of mine")
    runner.process_task_result(runner.dequeue(), result)
    assert runner.dequeue() is None
    assert kit.statuses(pipeline) == {"a": "FAILURE", "b": "CANT_RUN", "c": "CANT_RUN"}
    assert "a traceback of mine" in (Path(runner.run_folder) / "exception.log").read_text()


def test_skipping_by_hand(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    runner.queue_tasks()
    assert runner.tasks_execute == []
    while (task := runner.dequeue()) is not None:
        runner.skip_task(task)
    assert runner.finished
    assert set(kit.statuses(pipeline).values()) == {"SKIPPED"}


def test_the_plan_changes_no_task_and_no_folder(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    runner.analyze_pipeline()
    assert {name: decision.action for name, decision in runner.plan.items()} == {
        f"Count({tag})": "run" for tag in "abc"
    }
    assert set(kit.statuses(pipeline).values()) == {"NOT_STARTED"}
    assert list(kit.folder.iterdir()) == []


def test_the_plan_is_drawn_with_marks(kit):
    pipeline = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    _, _, c = pipeline.dag()
    Path(c.output_filename()).unlink()
    drawn = []
    runner.set_pipeline(pipeline)
    runner.execution_plan_summary(drawn.append)
    (line_of_b,) = [line for line in "\n".join(drawn).splitlines() if "Count(b)" in line]
    (line_of_c,) = [line for line in "\n".join(drawn).splitlines() if "Count(c)" in line]
    assert "*" not in line_of_b
    assert "*" in line_of_c


def test_two_runs_in_one_second_get_two_folders(kit):
    pipeline = kit.abc()
    folders = set()
    for _ in range(3):
        runner = kit.runner()
        runner.run(pipeline)
        folders.add(runner.run_folder)
    assert len(folders) == 3
    assert sorted(os.listdir(kit.log_path)) == sorted(Path(folder).name for folder in folders)


def test_the_run_folder_holds_record_log_and_picture(kit):
    runner = kit.runner()
    runner.run(kit.abc())
    files = os.listdir(runner.run_folder)
    assert {"pipeline.yaml", "pipeline.log", "graph.svg"} <= set(files)
    assert "exception.log" not in files
    assert "Count(c)" in (Path(runner.run_folder) / "graph.svg").read_text()


def test_no_pipeline_and_an_empty_one_are_errors(kit):
    with pytest.raises(ValueError, match="no pipeline"):
        kit.runner().run()
    with pytest.raises(PipelineError, match="empty"):
        kit.runner().run(Pipeline("nothing"))


def test_bad_arguments_are_refused_at_once(kit):
    with pytest.raises(UnknownExecutor, match=r"inline.*process"):
        kit.runner(executor="nonsense")
    with pytest.raises(ValueError, match="process_limit"):
        kit.runner(process_limit=0)
    with pytest.raises(ValueError, match="nonsense"):
        Runner("nonsense://place", kit.log_path)


def test_where_neither_the_store_nor_a_temporary_folder_can_be_written_nothing_starts(kit, monkeypatch):
    kit.data_path.write_text("a file where a folder must be")

    def refuse():
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.gettempdir", refuse)
    with pytest.raises(StoreNotWritable, match="Nothing was started"):
        kit.runner().run(kit.abc())
    assert kit.executed() == []
    assert not kit.log_path.exists()


def test_a_store_in_memory_needs_the_inline_executor(kit):
    with pytest.raises(StoreNotShareable, match="inline"):
        Runner("memory://", kit.log_path).run(kit.abc())
    assert kit.executed() == []
    runner = Runner("memory://", kit.log_path, executor="inline")
    runner.run(kit.abc())
    assert kit.executed() == ["a", "b", "c"]
    assert runner.results()["Count(c)"] == 3


def test_an_interrupted_run_ends_its_children_and_is_recorded(kit):
    script = kit.folder / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, time
            from pyperunner_dag import Pipeline, task
            from pyperunner_runner import Runner

            @task("Slow")
            def slow():
                print("pid", os.getpid(), flush=True)
                time.sleep(60)

            Runner({str(kit.data_path)!r}, {str(kit.log_path)!r}).run(Pipeline("slow", [slow()]))
            """
        )
    )
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True)
    pid = _wait_for_pid(kit.log_path)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in stderr
    _assert_gone(pid)
    (folder,) = kit.log_path.iterdir()
    assert "interrupted" in (folder / "summary.json").read_text()


def test_a_killed_runner_leaves_no_child_and_the_next_run_resumes(kit):
    script = kit.folder / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, time
            from pyperunner_dag import Pipeline, task
            from pyperunner_runner import Runner

            @task("Fast")
            def fast():
                with open({kit.trace!r}, "a") as file:
                    file.write("fast\\n")

            @task("Slow")
            def slow(data):
                print("pid", os.getpid(), flush=True)
                time.sleep(0 if os.environ.get("HURRY") else 60)

            root = fast()
            slow()(root)
            Runner({str(kit.data_path)!r}, {str(kit.log_path)!r}).run(Pipeline("slow", [root]), raise_on_failure=True)
            """
        )
    )
    process = subprocess.Popen([sys.executable, str(script)])
    pid = _wait_for_pid(kit.log_path)
    process.kill()
    process.wait()
    _assert_gone(pid)
    subprocess.run([sys.executable, str(script)], env={**os.environ, "HURRY": "1"}, check=True, timeout=30)
    assert kit.executed() == ["fast"]


def _wait_for_pid(log_path):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for log in Path(log_path).glob("*/pipeline.log"):
            for line in log.read_text().splitlines():
                head, _, number = line.rpartition("pid ")
                if head and number.isdigit():
                    return int(number)
        time.sleep(0.02)
    raise TimeoutError("the task did not start")


def _assert_gone(pid):
    deadline = time.monotonic() + 1.0
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def test_a_store_without_an_address_is_recorded_by_its_kind(kit):
    class Closed(dict):
        def missing(self, keys):
            return {key for key in keys if key not in self}

        def load(self, key):
            return self[key]

        def save(self, key, value, meta=None):
            self[key] = value
            return {"digest": "0", "size": 1}

        def meta(self, key):
            return {}

        def spec(self):
            return None

    runner = Runner(Closed(), kit.log_path, executor="inline")
    runner.run(kit.abc())
    assert runner.results().conf["run"]["data_path"].startswith("object://")
    assert runner.results()["Count(c)"] == 3
