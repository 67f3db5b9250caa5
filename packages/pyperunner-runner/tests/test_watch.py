"""Memory of running tasks, sampled from real processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pyperunner_runner._watch import Watch

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
    watch = Watch()
    watch.begin("T()", fat_process.pid, 10.0)
    assert watch.seconds_left(10.0) == 0.5
    watch.sample(10.2, lambda: 10.2)
    watch.sample(10.5, lambda: 10.6)
    assert watch.seconds_left(10.6) == pytest.approx(10.0)
    assert 50 * MIB < watch.end("T()") < 150 * MIB
    assert watch.seconds_left(11.0) is None


def test_no_sample_means_no_figure():
    watch = Watch()
    watch.begin("T()", os.getpid(), 0.0)
    assert watch.end("T()") is None


def test_a_process_that_is_gone_is_no_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    watch = Watch()
    watch.begin("T()", process.pid, 0.0)
    watch.sample(1.0, lambda: 1.0)
    assert watch.end("T()") is None
