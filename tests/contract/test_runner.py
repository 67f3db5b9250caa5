"""The runner: what runs, what is loaded, what is skipped, how failures end."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import pickle
import signal
import sys
import time
from pathlib import Path

import pytest

from pyperunner import Pipeline, PipelineError, PipelineResult, Runner, Sequential, Task, run, task

Status = Task.Status


class Pid(Task):
    """Gives the process that it runs in, and the times at which it began and ended."""

    @run
    def run(self, data, seconds=0.0):
        began = time.monotonic()
        time.sleep(seconds)
        return os.getpid(), began, time.monotonic()


class End(Task):
    """Ends its process in one of many ways."""

    @run
    def run(self, data, how):
        match how:
            case "raise":
                raise KeyError("the reason")
            case "exit 0":
                sys.exit(0)
            case "exit 3":
                sys.exit(3)
            case "_exit 0":
                os._exit(0)
            case "_exit 7":
                os._exit(7)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                faulthandler.disable()
                ctypes.string_at(0)
            case "interrupt":
                raise KeyboardInterrupt


class ListStore:
    """A store of the user's own, in files, by the port's five methods and nothing else."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)

    def _path(self, key):
        return self.folder / key.encode().hex()

    def missing(self, keys):
        return {key for key in keys if not self._path(key).exists()}

    def load(self, key):
        try:
            return pickle.loads(self._path(key).read_bytes())
        except FileNotFoundError:
            raise KeyError(key) from None

    def save(self, key, value, meta=None):
        data = pickle.dumps(value)
        self._path(key).write_bytes(data)
        return {"digest": str(len(data)), "size": len(data)}

    def meta(self, key):
        return {}

    def spec(self):
        return None


def statuses(pipeline):
    return {node.tag: node.status.name for node in pipeline.create_graph()}


def tags(tasks):
    return [node.tag for node in tasks]


# --- making one


@pytest.mark.parametrize("kind", [str, Path])
def test_folders_are_made_whatever_the_kind_of_path(tmp_path, kind):
    """Data path and log path are text or path-like; both are made, with their parents."""
    data, logs = tmp_path / "deep" / "data", tmp_path / "deeper" / "still" / "logs"
    node = Pid()
    Runner(kind(data), kind(logs)).run(Pipeline("p", [node]))
    assert node.status is Status.SUCCESS
    assert data.is_dir()
    assert logs.is_dir()
    assert Path(node.output_filename()).is_relative_to(data)


def test_the_limit_is_the_number_of_processors_by_default(tmp_path):
    """By default as many as there are processors; it can be given by position and by name."""
    assert Runner(tmp_path / "d", tmp_path / "l").process_limit == os.cpu_count()
    assert Runner(tmp_path / "d", tmp_path / "l", 3).process_limit == 3
    assert Runner(data_path=tmp_path / "d", log_path=tmp_path / "l", process_limit=2).process_limit == 2


def test_the_data_path_may_be_a_store_url(kit, tmp_path):
    """A URL instead of a folder, for the runner and for the results."""
    url = f"sqlite:///{tmp_path}/outputs.db"
    pipeline, (_, _, c) = kit.abc()
    runner = kit.runner(url)
    runner.run(pipeline)
    assert kit.executed() == ["a", "b", "c"]
    assert c.output == 3
    runner.run(pipeline)
    assert kit.executed() == []
    read = PipelineResult.from_file(runner.pipeline_params_filename())
    assert dict(read) == {"Count(a)": 1, "Count(b)": 2, "Count(c)": 3}
    assert PipelineResult(read.conf, url)["Count(c)"] == 3


def test_the_data_path_may_be_a_store(kit, tmp_path):
    """An object with the five methods of a store, for the runner (in this process) and for the results."""
    store = ListStore(tmp_path / "own")
    pipeline, (_, _, c) = kit.abc()
    runner = kit.runner(store, executor="inline")
    runner.run(pipeline)
    assert kit.executed() == ["a", "b", "c"]
    assert c.output == 3
    assert store.missing([f"{c.name}/{c.hash()}"]) == set()
    runner.run(pipeline)
    assert kit.executed() == []
    assert PipelineResult(pipeline.to_dict(), store)["Count(b)"] == 2


def test_an_unknown_scheme_lists_the_known_ones(tmp_path):
    """ValueError before anything runs."""
    with pytest.raises(ValueError, match="nosuch") as caught:
        Runner("nosuch://place", tmp_path)
    assert "sqlite" in str(caught.value)


def test_no_pipeline_is_a_value_error(kit):
    """With nothing given to run() nor to set_pipeline()."""
    with pytest.raises(ValueError, match="pipeline"):
        kit.runner().run()
    with pytest.raises(ValueError, match="pipeline"):
        kit.runner().assert_valid_pipeline()


@pytest.mark.parametrize("pipeline", [Pipeline("empty"), Sequential("empty"), Pipeline("empty", [])])
def test_an_empty_pipeline_is_a_pipeline_error(kit, pipeline):
    """And no run folder is made for it."""
    with pytest.raises(PipelineError, match="empty"):
        kit.runner().run(pipeline)
    assert kit.folders() == []


def test_bad_graphs_are_refused_before_anything_runs(kit):
    """A cycle or a duplicate name: ValueError, no task executed, no folder."""
    a, b = kit.task("a"), kit.task("b")
    a(b)
    b(a)
    for pipeline in (Pipeline("cycle", [a]), Pipeline("twice", [kit.task("x"), kit.task("x")])):
        with pytest.raises(ValueError, match=r"cycle|unique"):
            kit.runner().run(pipeline)
        with pytest.raises(ValueError, match=r"cycle|unique"):
            Runner.validate_pipeline(pipeline)
    assert kit.executed() == []
    assert kit.folders() == []


# --- what runs


def test_the_same_pipeline_object_twice_executes_nothing_the_second_time(kit):
    """Neither with the same runner nor with another; everything is SKIPPED."""
    pipeline, nodes = kit.abc()
    runner = kit.runner()
    assert runner.run(pipeline) is None
    assert kit.executed() == ["a", "b", "c"]
    assert statuses(pipeline) == dict.fromkeys("abc", "SUCCESS")
    for again in (runner, kit.runner()):
        again.run(pipeline)
        assert kit.executed() == []
        assert statuses(pipeline) == dict.fromkeys("abc", "SKIPPED")
    assert [node.output for node in nodes] == [1, 2, 3]


def test_equal_tasks_made_anew_find_the_outputs(kit):
    """The key decides, not the object."""
    kit.runner().run(kit.abc()[0])
    kit.executed()
    pipeline, nodes = kit.abc()
    kit.runner().run(pipeline)
    assert kit.executed() == []
    assert [node.output for node in nodes] == [1, 2, 3]


def test_a_task_without_output_and_its_successors_run(kit):
    """b's output is gone: b and c run; a is loaded for b."""
    pipeline, (_, b, _) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    Path(b.output_filename()).unlink()
    runner.run(pipeline)
    assert kit.executed() == ["b", "c"]


def test_reload_runs_the_task_and_its_successors(kit):
    """`reload=True`, when made or set later."""
    kit.runner().run(kit.abc()[0])
    kit.executed()
    a = kit.task("a")
    b = kit.task("b", a, reload=True)
    kit.task("c", b)
    kit.runner().run(Pipeline("abc", [a]))
    assert kit.executed() == ["b", "c"]
    b.set_reload(False)
    a.set_reload(True)
    kit.runner().run(Pipeline("abc", [a]))
    assert kit.executed() == ["a", "b", "c"]


def test_force_reload_runs_all_and_changes_no_task(kit):
    """All run once, and the run after it nothing again."""
    pipeline, nodes = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    runner.run(pipeline, force_reload=True)
    assert kit.executed() == ["a", "b", "c"]
    assert [node.reload for node in nodes] == [False] * 3
    runner.run(pipeline)
    assert kit.executed() == []


def test_a_task_that_ran_leaves_reload_as_it_was(kit):
    """A successor of a task with reload is not marked itself."""
    a = kit.task("a", reload=True)
    b = kit.task("b", a)
    runner = kit.runner()
    for _ in range(2):
        runner.run(Pipeline("p", [a]))
        assert kit.executed() == ["a", "b"]
    assert (a.reload, b.reload) == (True, False)


def test_only_what_a_running_task_needs_is_loaded(kit):
    """Of a -> b -> c -> d with c to run: a is skipped, b is loaded and a SUCCESS, c and d run."""
    a = kit.task("a")
    b = kit.task("b", a)
    c = kit.task("c", b)
    kit.task("d", c)
    aside = kit.task("aside")
    pipeline = Pipeline("p", [a, aside])
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    c.set_reload(True)
    runner.run(pipeline)
    assert kit.executed() == ["c", "d"]
    assert statuses(pipeline) == {"a": "SKIPPED", "b": "SUCCESS", "c": "SUCCESS", "d": "SUCCESS", "aside": "SKIPPED"}


def test_a_missing_output_high_up_is_made_again(kit):
    """The oldest ancestor's output is gone: it and all its successors run."""
    pipeline, (a, _, _) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    Path(a.output_filename()).unlink()
    runner.run(pipeline)
    assert kit.executed() == ["a", "b", "c"]


def test_deciding_changes_no_task(kit):
    """Looking at the plan, even at a forced one, leaves every attribute as it was and runs nothing."""
    pipeline, nodes = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()

    def look():
        return [(node.status, node.result, node.reload, node.hash(), node.output) for node in nodes]

    before = look()
    other = kit.runner()
    other.set_pipeline(pipeline)
    other.analyze_pipeline(force_reload=True)
    other.execution_plan_summary(print_fn=lambda text="": None)
    assert look() == before
    assert kit.executed() == []
    runner.run(pipeline)
    assert kit.executed() == []


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_input_found_damaged_requeues_its_maker(kit):
    """While running, b's input turns out to be broken: a is made again, although it was a hit in the plan."""
    pipeline, (a, b, c) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    Path(a.output_filename()).write_bytes(b"broken")
    Path(b.output_filename()).unlink()
    runner.run(pipeline)
    assert sorted(kit.executed()) == ["a", "b", "c"]
    assert statuses(pipeline) == dict.fromkeys("abc", "SUCCESS")
    assert c.output == 3


class Vanishing(ListStore):
    """A store that says it has every output, and gives none of one task back."""

    def __init__(self, folder, lost):
        super().__init__(folder)
        self.lost = lost

    def load(self, key):
        if key.startswith(self.lost):
            raise KeyError(key)
        return super().load(key)


def test_an_input_is_made_again_once_only(kit, tmp_path):
    """A store that never gives the output back: the maker runs twice, then the task fails, and the run ends."""
    pipeline, _ = kit.abc()
    kit.runner(Vanishing(tmp_path / "own", "Count(a)"), executor="inline").run(pipeline)
    assert kit.executed() == ["a", "a"]
    assert statuses(pipeline) == {"a": "SUCCESS", "b": "FAILURE", "c": "CANT_RUN"}


# --- queue and plan


def test_queue_and_execute_are_snapshots_of_the_plan(kit):
    """Lists of tasks in topological order; changing a list or running the tasks changes no plan."""
    pipeline, (_, b, _) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    assert tags(runner.tasks_queue) == tags(runner.tasks_execute) == ["a", "b", "c"]
    b.set_reload(True)
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    assert type(runner.tasks_queue) is list
    runner.tasks_queue.clear()
    runner.tasks_execute.clear()
    assert tags(runner.tasks_queue) == ["a", "b", "c"]
    while not runner.finished:
        while (node := runner.dequeue()) is not None:
            runner.start_task(node)
        runner.finish_tasks(timeout=None)
    assert tags(runner.tasks_queue) == ["a", "b", "c"]
    assert tags(runner.tasks_execute) == ["a", "b", "c"]


def test_a_hit_that_a_child_needs_is_to_be_executed_but_not_marked(kit):
    """It stands in tasks_execute, ends SUCCESS, and has no `*` in the drawing; a task that is skipped has neither."""
    pipeline, (_, b, c) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    Path(c.output_filename()).unlink()
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    assert tags(runner.tasks_execute) == ["b", "c"]
    drawn = []
    runner.execution_plan_summary(drawn.append)
    text = "\n".join(map(str, drawn))
    assert "*Count(c)*" in text
    assert "Count(b)" in text
    assert "*Count(b)" not in text
    assert "*Count(a)" not in text
    assert text.count("*") == 2
    runner.run()
    assert kit.executed() == ["c"]
    assert b.status is Status.SUCCESS


def test_the_plan_is_shown_if_asked(kit, capsys):
    """`show_execution_plan=True` prints the graph with what will execute marked; by default nothing is drawn."""
    pipeline, (_, _, c) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    assert "Count(" not in capsys.readouterr().out
    Path(c.output_filename()).unlink()
    runner.run(pipeline, show_execution_plan=True)
    out = capsys.readouterr().out
    assert "*Count(c)*" in out
    assert "│ Count(a) │" in out
    runner.execution_plan_summary()
    assert "Count(a)" in capsys.readouterr().out


# --- outputs


def test_outputs_are_loaded_on_demand_and_not_held(kit):
    """After a run `task.output` comes from the store each time."""
    pipeline, (_, _, c) = kit.abc()
    kit.runner().run(pipeline)
    assert c.output == 3
    Path(c.output_filename()).unlink()
    assert c.output is None


def test_an_output_given_by_hand_wins_and_is_stored_before_a_child_needs_it(kit):
    """`set_output` before a run: the task does not run, its child gets the held output, and the store has it then."""
    pipeline, (a, b, c) = kit.abc()
    runner = kit.runner()
    a.set_output(100)
    runner.run(pipeline)
    assert kit.executed() == ["b", "c"]
    assert (a.output, b.output, c.output) == (100, 101, 102)
    assert a.load_output() == 100


def test_a_held_output_wins_over_a_stored_one(kit):
    """The stored 1 is replaced for the child by the held 50."""
    pipeline, (a, b, c) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    kit.executed()
    a.set_output(50)
    assert a.output == 50
    b.set_reload(True)
    runner.run(pipeline)
    assert kit.executed() == ["b", "c"]
    assert (b.output, c.output) == (51, 52)


def test_a_held_output_stands_although_a_parent_runs(kit):
    """Its task is not executed over it; the child gets the held one."""
    pipeline, (_, b, c) = kit.abc()
    b.set_output(70)
    kit.runner().run(pipeline)
    assert kit.executed() == ["a", "c"]
    assert (b.output, c.output) == (70, 71)


def test_a_result_given_by_hand_is_held_too(kit):
    """`process_task_result` while driving by hand: the child gets that output."""
    pipeline, (a, b, _) = kit.abc()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    assert runner.dequeue() is a
    runner.process_task_result(a, Task.TaskResult(Status.SUCCESS, 10))
    assert (a.status, a.output, a.result.output) == (Status.SUCCESS, 10, 10)
    assert runner.dequeue() is b
    runner.start_task(b).join()
    runner.finish_tasks()
    assert kit.executed() == ["b"]
    assert b.output == 11
    assert a.load_output() == 10


# --- processes


def test_every_task_has_a_process_of_its_own(kit):
    """Different pids, none of them ours."""
    nodes = [Pid(str(number)) for number in range(3)]
    kit.runner().run(Sequential("s", nodes))
    pids = {node.output[0] for node in nodes}
    assert len(pids) == 3
    assert os.getpid() not in pids


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_than_the_limit_run_at_once(kit, limit):
    """Counted by the tasks' own clocks."""
    nodes = [Pid(str(number), seconds=0.05) for number in range(5)]
    kit.runner(process_limit=limit).run(Pipeline("p", nodes))
    spans = [node.output[1:] for node in nodes]
    most = max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)
    assert most <= limit


def test_independent_tasks_run_at_the_same_time(kit):
    """Two that wait overlap."""
    one, two = Pid("1", seconds=0.6), Pid("2", seconds=0.6)
    kit.runner(process_limit=2).run(Pipeline("p", [one, two]))
    assert max(one.output[1], two.output[1]) < min(one.output[2], two.output[2])


def test_a_task_starts_as_soon_as_its_parents_are_done(kit):
    """It does not wait for a slow task that it has nothing to do with."""
    quick, slow = Pid("quick"), Pid("slow", seconds=0.8)
    child = Pid("child")(quick)
    kit.runner(process_limit=3).run(Pipeline("p", [quick, slow]))
    assert child.output[2] < slow.output[2]


@pytest.mark.parametrize("executor", ["process", "inline"])
def test_a_handle_for_every_executor(kit, executor):
    """`start_task` gives a handle with pid, exitcode, is_alive() and join()."""
    pipeline, _ = kit.abc()
    runner = kit.runner(executor=executor)
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    handle = runner.start_task(runner.dequeue())
    assert isinstance(handle.pid, int)
    assert (handle.pid == os.getpid()) is (executor == "inline")
    assert handle.is_alive() in (True, False)
    handle.join()
    assert handle.is_alive() is False
    assert handle.exitcode == 0
    runner.finish_tasks()
    assert kit.executed() == ["a"]


def test_a_handle_of_a_task_that_needs_no_process(kit):
    """A hit gives a handle too, which is over."""
    pipeline, (_, b, _) = kit.abc()
    kit.runner().run(pipeline)
    b.set_reload(True)
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    handle = runner.start_task(runner.dequeue())
    handle.join()
    assert (handle.is_alive(), handle.exitcode) == (False, 0)
    assert handle.pid is None


def test_a_handle_of_a_running_task_is_alive(kit):
    """And its exit code is not known yet."""
    runner = kit.runner()
    runner.set_pipeline(Pipeline("p", [Pid(seconds=0.5)]))
    runner.queue_tasks()
    handle = runner.start_task(runner.dequeue())
    assert handle.is_alive() is True
    assert handle.exitcode is None
    handle.join()
    assert (handle.is_alive(), handle.exitcode) == (False, 0)
    runner.finish_tasks()


# --- failures

WAYS = ["raise", "exit 0", "exit 3", "_exit 0", "_exit 7", "kill", "segfault", "interrupt"]


@pytest.mark.parametrize("how", WAYS)
def test_a_failed_task_leaves_the_rest_running(kit, how):
    """However its process ends: FAILURE, its descendants CANT_RUN, everything else SUCCESS; run raises nothing."""
    bad = End("bad", how=how)
    after = Pid("after")(bad)
    Pid("last")(after)
    both = Pid("both")([bad, good := Pid("good")])
    pipeline = Pipeline("p", [bad, good])
    child = Pid("child")(good)
    runner = kit.runner()
    assert runner.run(pipeline) is None
    expected = {"bad": "FAILURE", "after": "CANT_RUN", "last": "CANT_RUN", "both": "CANT_RUN"}
    assert statuses(pipeline) == {**expected, "good": "SUCCESS", "child": "SUCCESS"}
    assert isinstance(bad.result.exception, BaseException)
    assert isinstance(bad.result.traceback, str)
    assert not bad.output_exists()
    assert both.result is None or both.result.status is Status.CANT_RUN
    assert child.output[0] != os.getpid()


def test_an_exception_is_kept_with_its_traceback(kit):
    """`task.result` has the exception itself and the traceback as text, with the line of the user's file."""
    bad = End(how="raise")
    kit.runner().run(Pipeline("p", [bad]))
    assert bad.result.status is Status.FAILURE
    assert type(bad.result.exception) is KeyError
    assert bad.result.exception.args == ("the reason",)
    assert 'raise KeyError("the reason")' in bad.result.traceback
    assert "test_runner.py" in bad.result.traceback


@pytest.mark.parametrize(("how", "word"), [("kill", "SIGKILL"), ("segfault", "SIGSEGV"), ("_exit 7", "7")])
def test_a_death_is_explained(kit, how, word):
    """The exception names the task, and the signal or the code."""
    bad = End("tag", how=how)
    kit.runner().run(Pipeline("p", [bad]))
    assert word in str(bad.result.exception)
    assert "End(tag)" in str(bad.result.exception)


def test_a_failure_is_raised_if_asked(kit):
    """`raise_on_failure=True` raises at the end, naming the failed task; everything else ran all the same."""
    pipeline = Pipeline("p", [End("bad", how="raise"), kit.task("good")])
    with pytest.raises(Exception, match=r"End\(bad\)"):
        kit.runner().run(pipeline, raise_on_failure=True)
    assert statuses(pipeline) == {"bad": "FAILURE", "good": "SUCCESS"}
    good = Pipeline("q", [kit.task("fine")])
    assert kit.runner().run(good, raise_on_failure=True) is None


def test_what_was_finished_before_a_failure_is_kept(kit):
    """The next run executes only what is missing."""
    a = kit.task("a")
    kit.task("b", a, fail=True)
    for expected in (["a", "b"], ["b"]):
        kit.runner().run(Pipeline("p", [a]))
        assert kit.executed() == expected


def test_a_failure_does_not_stick(kit):
    """The same objects run again; what has been mended succeeds."""
    flag = kit.folder / "mended"

    @task("Flaky")
    def flaky(path):
        if not Path(path).exists():
            raise ValueError("not yet")
        return "ok"

    first = flaky(path=str(flag))
    after = Pid("after")(first)
    pipeline = Pipeline("p", [first])
    runner = kit.runner()
    runner.run(pipeline)
    assert (first.status, after.status) == (Status.FAILURE, Status.CANT_RUN)
    flag.touch()
    runner.run(pipeline)
    assert (first.status, after.status) == (Status.SUCCESS, Status.SUCCESS)
    assert first.result.exception is None
    assert first.output == "ok"


def test_an_old_failure_is_forgotten_when_there_is_nothing_to_do(kit):
    """It failed here, was made elsewhere, and is skipped here: no exception hangs on to it."""
    flag = kit.folder / "mended"

    @task("Flaky")
    def flaky(path):
        if not Path(path).exists():
            raise ValueError("not yet")

    first = flaky(path=str(flag))
    kit.runner().run(Pipeline("p", [first]))
    flag.touch()
    kit.runner().run(Pipeline("p", [flaky(path=str(flag))]), raise_on_failure=True)
    kit.runner().run(Pipeline("p", [first]))
    assert first.status is Status.SKIPPED
    assert first.result is None or first.result.exception is None


def test_a_single_flight_turns_a_planned_run_into_a_hit(kit):
    """Both plans say run; the one that comes second takes what the first has stored."""
    pipeline, _ = kit.abc()
    early, late = kit.runner(), kit.runner()
    late_pipeline, _ = kit.abc()
    late.set_pipeline(late_pipeline)
    late.queue_tasks()
    early.run(pipeline)
    assert kit.executed() == ["a", "b", "c"]
    while not late.finished:
        while (node := late.dequeue()) is not None:
            late.start_task(node)
        late.finish_tasks(timeout=None)
    assert kit.executed() == []
    assert statuses(late_pipeline) == dict.fromkeys("abc", "SUCCESS")
