"""How many processors may be used, from files as the kernel shows them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pyperunner_runner import Runner
from pyperunner_runner.processes.cores import usable_cores

ALLOWED = usable_cores("/nowhere")


@pytest.mark.parametrize(
    ("member", "files", "cores"),
    [
        ("0::/a/b", {"a/b/cpu.max": "max 100000"}, ALLOWED),
        ("0::/a/b", {"a/b/cpu.max": "100000 100000"}, 1),
        ("0::/a/b", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, 1),
        ("0::/", {"cpu.max": "100000 100000"}, 1),  # as in a container with a namespace of its own
        ("0::/a", {"unified/a/cpu.max": "100000 100000"}, 1),
        ("0::/elsewhere", {}, ALLOWED),
        (
            "4:cpu,cpuacct:/a",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "-1", "cpu,cpuacct/a/cpu.cfs_period_us": "100"},
            ALLOWED,
        ),
        ("4:cpu,cpuacct:/a", {"cpu,cpuacct/a/cpu.cfs_quota_us": "90", "cpu,cpuacct/a/cpu.cfs_period_us": "100"}, 1),
        ("4:cpuacct,cpu:/a", {"cpu/cpu.cfs_quota_us": "90", "cpu/cpu.cfs_period_us": "100"}, 1),
        ("5:memory:/a", {"memory/a/cpu.max": "10000 100000"}, ALLOWED),
        ("0::/a", {"a/cpu.max": "nonsense"}, ALLOWED),
    ],
)
def test_quotas_of_groups(tmp_path, member, files, cores):
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(f"{member}\n")
    for name, text in files.items():
        file = tmp_path / "sys" / "fs" / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    assert usable_cores(str(tmp_path)) == cores


def test_a_runner_takes_as_many_by_default(tmp_path):
    assert Runner(tmp_path / "data", tmp_path / "logs").process_limit == usable_cores()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_affinity_counts():
    code = """import os
from pyperunner_runner.processes.cores import usable_cores
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(usable_cores())
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"
