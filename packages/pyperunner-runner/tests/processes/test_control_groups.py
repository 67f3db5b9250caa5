"""Control groups: real ones, and folders that look like some."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from pyperunner_runner.processes.control_groups import ControlGroup

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has control groups")


def write(root, path, text=""):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_all_in_it_end_at_once_wherever_they_went(tmp_path):
    group = ControlGroup.make(tmp_path.name)
    if not group.folder:
        pytest.skip("no control group can be made here")
    pid = os.fork()
    if pid == 0:
        group.enter()
        if os.fork() == 0:
            os.setsid()
            os.execve("/bin/sh", ["sh", "-c", "for n in 1 2 3 4 5 6 7 8; do sleep 4 & sleep 0.01; done; sleep 4"], {})
        time.sleep(4)
        os._exit(1)
    processes = Path(group.folder, "cgroup.procs")
    while len(processes.read_text().split()) < 4:
        assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    group.kill()
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    group.remove()
    assert not Path(group.folder).exists()


@pytest.mark.parametrize("mount", ["sys/fs/cgroup", "sys/fs/cgroup/unified"])
def test_a_group_that_could_not_be_ended_is_none(tmp_path, mount):
    write(tmp_path, "proc/self/cgroup", "1:cpu:/\n0::/\n")
    write(tmp_path, f"{mount}/cgroup.procs")
    assert ControlGroup.make("run", str(tmp_path)) == ControlGroup()
    assert not (tmp_path / mount / "run").exists()


def test_what_nobody_was_left_to_remove_goes_with_the_next(tmp_path):
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    write(tmp_path, "proc/5/comm")
    groups = tmp_path / "sys/fs/cgroup"
    write(groups, "cgroup.procs")
    for name in ("run.4.aa", "run.5.aa", "other.4.aa", "run", "run.4.full/some"):
        (groups / name).mkdir(parents=True)
    ControlGroup.make("run.6.bb", str(tmp_path))
    assert sorted(path.name for path in groups.iterdir() if path.is_dir()) == [
        "other.4.aa",
        "run",
        "run.4.full",
        "run.5.aa",
    ]


@pytest.mark.root
def test_root_makes_none_in_a_group_that_was_not_given_to_it(tmp_path):
    write(tmp_path, "proc/self/cgroup", "0::/system.slice/some.service\n")
    folder = tmp_path / "sys/fs/cgroup/system.slice/some.service"
    write(folder, "cgroup.procs")
    assert ControlGroup.make("run", str(tmp_path)) == ControlGroup()


@pytest.mark.parametrize("text", ["", "nonsense", "0::/elsewhere\n", "1:cpu:/\n"])
def test_where_there_is_none_nothing_happens(tmp_path, text):
    write(tmp_path, "proc/self/cgroup", text)
    group = ControlGroup.make("run", str(tmp_path))
    assert group == ControlGroup()
    for act in (group.enter, group.leave, group.kill, group.remove):
        act()
