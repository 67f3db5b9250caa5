"""Limits that several runs on one host share, in real processes."""

from __future__ import annotations

import json
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from pyperunner import Pipeline, Runner, task
from pyperunner_runner.errors import SharedLimitsError
from pyperunner_runner.events import TaskQueued
from pyperunner_runner.execution.sharing import limits
from pyperunner_runner.execution.sharing.ledger import Ledger
from pyperunner_runner.execution.sharing.ledger_file import LedgerFile

FLOW = """
import os, sys, time
from pathlib import Path
from pyperunner import Pipeline, Runner, task

@task("Use", resources={"gpu": 1})
def use(who, number, seconds, wait=""):
    began = time.monotonic()
    Path("at-work", f"{who}-{number}").write_text("")
    while wait and not Path(wait).exists():
        time.sleep(0.01)
    time.sleep(seconds)
    with open(f"times-{who}", "a") as file:
        file.write(f"{began} {time.monotonic()}\\n")

if __name__ == "__main__":
    who, count, seconds, wait = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    tasks = [use(f"{who}-{number}", who=who, number=number, seconds=seconds, wait=wait) for number in range(count)]
    runner = Runner(f"data-{who}", f"log-{who}", 4, resources={"gpu": 1}, shared="lab", progress=True)
    runner.run(Pipeline(who, tasks), raise_on_failure=True)
"""


@pytest.fixture
def lab(project, monkeypatch):
    place = project.folder / "runtime"
    place.mkdir(mode=0o700)
    (project.folder / "at-work").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    project.write("flow.py", FLOW)
    return project


def times(lab, *who):
    lines = [line.split() for each in who for line in (lab.folder / f"times-{each}").read_text().splitlines()]
    return sorted((float(began), float(ended)) for began, ended in lines)


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_runs_never_have_more_than_there_is_and_take_turns(lab):
    started = [lab.start("flow.py", who, 4, 0.02, "") for who in ("one", "two")]
    for process in started:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    found = times(lab, "one", "two")
    assert len(found) == 8
    assert all(before[1] <= after[0] for before, after in pairwise(found))


def test_who_waits_says_for_whom_and_goes_on_when_that_one_is_killed(lab):
    first = lab.start("flow.py", "one", 1, 0, "never")
    until((lab.folder / "at-work" / "one-0").exists)
    second = lab.start("flow.py", "two", 1, 0, "")
    log = lab.folder / "log-two"
    until(lambda: any("waits for gpu" in path.read_text() for path in log.glob("*/pipeline.log")))
    assert "1 gpu by Use(one-0) of one_" in limits.held("lab")[0]
    first.send_signal(signal.SIGKILL)
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert "waits Use(two-0): gpu, of which 1 of 1 is held by one_" in out
    assert f"(process {first.pid})" in out
    first.communicate()
    assert limits.held("lab") == []


def test_a_run_that_is_stopped_in_its_turn_keeps_others_waiting_only_so_long(lab, monkeypatch):
    monkeypatch.setattr("pyperunner_runner.execution.sharing.ledger_file._TURN_SECONDS", 0.05)
    file = LedgerFile("lab")
    with file.turn(), pytest.raises(BlockingIOError), LedgerFile("lab").turn():
        pass  # never reached


@task("Use", resources={"gpu": 1})
def use(n):
    return n


def run(tmp_path, *tasks, events=None, **options):
    runner = Runner(tmp_path / "data", tmp_path / "log", executor="inline", resources={"gpu": 1}, **options,
                    hooks=[] if events is None else [events.append])  # fmt: skip
    runner.run(Pipeline("shared", tasks), raise_on_failure=True)
    return runner


def test_what_is_held_is_given_back_at_the_end_however_it_ends(tmp_path):
    @task("Fail", resources={"gpu": 1}, retries=1)
    def fail():
        raise ValueError("no")

    place = str(tmp_path / "limits")
    with pytest.raises(Exception, match="no"):
        run(tmp_path, use(n=1), use("b", n=2), fail(), shared=place)
    assert limits.held(place) == []
    with LedgerFile(place).turn() as ledger:
        assert ledger == Ledger(next=ledger.next)


def test_tasks_that_ask_for_nothing_take_nothing_and_hits_neither(tmp_path):
    place = str(tmp_path / "limits")
    run(tmp_path, use(n=1), shared=place)
    events = []
    with LedgerFile(place).turn() as ledger:  # nobody else gets a turn
        run(tmp_path, use(n=1), shared=place, events=events)
        assert ledger.held == []
    assert not any(isinstance(event, TaskQueued) for event in events)


def test_a_folder_that_is_not_ours_alone_is_refused_before_anything_starts(tmp_path):
    place = tmp_path / "limits"
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(SharedLimitsError, match="is no folder of this user's alone"):
        run(tmp_path, use(n=1), shared=str(place))
    assert not (tmp_path / "data").exists()
    place.chmod(0o700)
    (tmp_path / "link").symlink_to(place)
    with pytest.raises(SharedLimitsError):
        run(tmp_path, use(n=1), shared=f"{tmp_path}/link")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"held": [["x", 1, 2]]}', b'{"runs": 1}', b"\xff"])
def test_a_ledger_that_cannot_be_read_is_empty(tmp_path, content):
    place = str(tmp_path / "limits")
    run(tmp_path, use(n=1), shared=place)
    [file] = Path(place).glob("*.json")
    file.write_bytes(content)
    with LedgerFile(place).turn() as ledger:
        assert ledger == Ledger()


def test_a_link_in_its_place_is_not_followed(tmp_path):
    place = tmp_path / "limits"
    file = LedgerFile(str(place))
    target = tmp_path / "target"
    target.write_text("mine")
    Path(f"{file._path}.json").symlink_to(target)
    with pytest.raises(OSError), file.turn():
        pass
    assert target.read_text() == "mine"


def test_a_name_is_text_or_a_folder(tmp_path):
    with pytest.raises((TypeError, ValueError)):
        Runner(tmp_path / "data", tmp_path / "log", shared=3)
    run(tmp_path, use(n=1), shared=tmp_path / "limits")
    assert (tmp_path / "limits").is_dir()


def test_what_another_host_or_boot_left_is_not_seen(tmp_path, monkeypatch):
    here = LedgerFile(str(tmp_path / "limits"))
    monkeypatch.setattr(
        "pyperunner_runner.execution.sharing.ledger_file.process_identity",
        lambda: {"host": "elsewhere", "space": "x", "pid": 1, "started": 1},
    )
    assert LedgerFile(str(tmp_path / "limits"))._path != here._path


def test_the_command_shares_and_says_who_holds_what(lab):
    lab.write(
        "tiny.py",
        """
        from pyperunner import Pipeline, task
        @task("Use", resources={"gpu": 1})
        def use():
            return 1
        pipeline = Pipeline("tiny", [use()])
        """,
    )
    run = ("-m", "pyperunner", "run", "tiny.py", "--resource", "gpu=1", "--shared", "lab")
    assert "shared as lab: nothing is held" in lab.python("-m", "pyperunner", "plan", "tiny.py", "--shared", "lab")
    lab.python(*run)
    [file] = (lab.folder / "runtime" / "pyperunner").glob("lab-*.json")
    assert json.loads(file.read_text())["held"] == []
