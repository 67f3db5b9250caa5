"""Memory of running tasks, sampled from real processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pyperunner_runner.execution.memory import MemoryMonitor

MIB = 1 << 20


@pytest.fixture
def fat_process():
    """A process whose child holds 50 MiB of its own."""
    child = "import sys; data = bytearray(b'x') * (50 << 20); print('ready', flush=True); sys.stdin.read()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a process tree is read from /proc")
def test_the_peak_counts_the_whole_tree(fat_process):
    busy = iter([1.0, 1.1])
    watch = MemoryMonitor(lambda: next(busy))
    watch.begin("T()", fat_process.pid, 10.0)
    assert watch.due == 10.5
    watch.sample(10.2)
    watch.sample(10.5)
    assert watch.due == pytest.approx(20.5)
    assert 50 * MIB < watch.end("T()") < 150 * MIB
    assert watch.due is None


def test_no_sample_means_no_figure():
    watch = MemoryMonitor()
    watch.begin("T()", os.getpid(), 0.0)
    assert watch.end("T()") is None


def test_a_process_that_is_gone_is_no_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    watch = MemoryMonitor()
    watch.begin("T()", process.pid, 0.0)
    watch.sample(1.0)
    assert watch.end("T()") is None


@pytest.mark.skipif(sys.platform != "linux", reason="a process tree is read from /proc")
@pytest.mark.parametrize(("limit", "over"), [(40 * MIB, True), (500 * MIB, False)])
def test_a_limit_is_looked_at_often_whatever_the_last_sample_cost(fat_process, limit, over):
    busy = iter([0.0, 1000.0, 1000.0, 1000.0])
    watch = MemoryMonitor(lambda: next(busy))
    watch.begin("T()", os.getpid(), 0.0)
    watch.sample(0.5)
    watch.end("T()")
    watch.begin("T()", fat_process.pid, 1.0, limit)
    assert watch.due == pytest.approx(1.05)
    found = watch.sample(1.05)
    assert [task for task, _ in found] == (["T()"] if over else [])
    assert all(50 * MIB < size < 150 * MIB for _, size in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_is_shared_with_the_parent_is_no_offence():
    data = bytearray(b"x") * (100 * MIB)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(write)
            os.read(read, 1)
        finally:
            os._exit(0)
    os.close(read)
    try:
        watch = MemoryMonitor()
        watch.begin("T()", child, 0.0, 60 * MIB)
        assert watch.sample(0.05) == []
        assert watch.end("T()") < 60 * MIB
    finally:
        os.close(write)
        os.waitpid(child, 0)
    assert len(data) == 100 * MIB
