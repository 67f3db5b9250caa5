"""Outputs that are not kept: made where they are needed, gone when the run is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from pyperunner_dag import Pipeline, Task, open_store
from pyperunner_results import process_identity


def line(kit, **options):
    """The pipeline a -> b -> c, of which the output of b is not kept."""
    a = kit.task("a")
    b = kit.task("b", a).with_options(cache=False)
    c = kit.task("c", b, **options)
    return Pipeline("line", [a]), (a, b, c)


def entries(kit):
    return sorted(entry["key"].partition("/")[0] for entry in open_store(kit.data_path).entries())


@pytest.mark.parametrize("executor", ["process", "inline"])
def test_it_is_there_for_its_successor_and_gone_after_the_run(kit, executor):
    pipeline, (_, b, c) = line(kit)
    kit.runner(executor=executor).run(pipeline)
    assert kit.executed() == ["a", "b", "c"]
    assert (b.status, c.output) == (Task.Status.SUCCESS, 3)
    assert entries(kit) == ["Count(a)", "Count(c)"]
    kit.runner(executor=executor).run(pipeline)
    assert kit.executed() == []
    assert kit.statuses(pipeline) == dict.fromkeys("abc", "SKIPPED")


def test_it_is_made_again_when_a_successor_must_run(kit):
    pipeline, _ = line(kit)
    kit.runner().run(pipeline)
    kit.executed()
    pipeline, (*_, c) = line(kit)
    c.set_reload(True)
    kit.runner().run(pipeline)
    assert kit.executed() == ["b", "c"]
    assert entries(kit) == ["Count(a)", "Count(c)"]


def test_it_is_removed_when_its_successor_fails(kit):
    pipeline, (*_, c) = line(kit, fail=True)
    kit.runner().run(pipeline)
    assert c.status is Task.Status.FAILURE
    assert entries(kit) == ["Count(a)"]


def test_a_plan_alone_removes_and_writes_nothing(kit):
    pipeline, _ = line(kit)
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    runner.set_pipeline(pipeline)
    assert not kit.data_path.exists()


def test_what_a_killed_runner_left_is_swept_by_the_next(kit):
    script = kit.folder / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, time
            from pyperunner_dag import Pipeline, task
            from pyperunner_runner import Runner

            @task("Loose", cache=False)
            def loose():
                return 1

            @task("Hold")
            def hold(data):
                open({str(kit.folder / "flag")!r}, "w").close()
                time.sleep(60 if "hold" in sys.argv else 0)

            first = loose()
            hold()(first)
            Runner({str(kit.data_path)!r}, {str(kit.log_path)!r}).run(Pipeline("p", [first]), raise_on_failure=True)
            """
        )
    )
    process = subprocess.Popen([sys.executable, str(script), "hold"])
    deadline = time.monotonic() + 20
    while not (kit.folder / "flag").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert entries(kit) == ["Loose()"]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert entries(kit) == ["Loose()"]
    subprocess.run([sys.executable, str(script)], check=True, timeout=30)
    assert entries(kit) == ["Hold()"]


def test_what_a_living_runner_holds_is_left_alone(kit):
    pipeline, (a, b, _) = line(kit)
    store = open_store(kit.data_path)
    b.scope_to("another run")
    store.save(b.key, 7, {"run": process_identity()})
    kit.runner().run(pipeline)
    assert entries(kit) == ["Count(a)", "Count(b)", "Count(c)"]
    assert a.output == 1
