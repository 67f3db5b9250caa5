"""What tasks print below Python's own streams: captured whole, in bounded memory, without waiting for anybody."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from pyperunner import Pipeline, Task, run
from pyperunner_dag import Secret

MIB = 1 << 20


class Speak(Task):
    @run
    def run(self):
        print("python")
        libc = ctypes.CDLL(None)
        libc.puts(b"C without a flush")
        os.write(1, b"invalid \xff\xfe bytes\n")
        os.write(2, b"escape \x1b[31m and bell \x07\n")
        subprocess.run(["sh", "-c", "echo from a shell; echo its errors >&2"], check=True)
        print("fehler: \udcff", file=sys.stderr)
        logging.getLogger("some.logger").setLevel(logging.INFO)  # the test runner has asked for warnings only
        logging.getLogger("some.logger").critical("very bad")
        logging.getLogger("some.logger").info("by the way")
        warnings.warn("take care", RuntimeWarning, stacklevel=1)
        os.write(2, b"no end")


class Endless(Task):
    """Prints so many MiB without a line end."""

    @run
    def run(self, mib):
        for _ in range(mib):
            os.write(1, b"x" * MIB)


class Bar(Task):
    """Writes a progress bar as tqdm does, and a line after it."""

    @run
    def run(self, secret):
        for percent in range(0, 101, 20):
            os.write(2, f"\r{percent:3}%|{secret}".encode())
            time.sleep(0.02)
        os.write(2, b"\nafter\n")


class KeepsOpen(Task):
    """Leaves a process that holds standard output and writes to it without end."""

    @run
    def run(self):
        code = "import os, time\nwhile True: os.write(1, b'still here\\n'); time.sleep(0.001)"
        subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True, env={})
        time.sleep(0.3)


@pytest.mark.filterwarnings("default")
def test_everything_arrives_with_stream_and_level(listened):
    runner, lines = listened
    runner.run(Pipeline("p", [Speak()]), raise_on_failure=True)
    said = {(line.stream, line.level, line.text) for line in lines}
    for line in (
        ("stdout", "INFO", "python"),
        ("stdout", "INFO", "C without a flush"),
        ("stdout", "INFO", "invalid \\xff\\xfe bytes"),
        ("stdout", "INFO", "from a shell"),
        ("stderr", "WARNING", "its errors"),
        ("stderr", "WARNING", "fehler: \\udcff"),
        ("stderr", "WARNING", "no end"),
        ("some.logger", "CRITICAL", "very bad"),
        ("some.logger", "INFO", "by the way"),
    ):
        assert line in said
    assert any(stream == "py.warnings" and level == "WARNING" and "take care" in text for stream, level, text in said)
    log = Path(runner.run_folder, "pipeline.log").read_bytes()
    assert b"escape" in log
    assert b"\x1b" not in log
    assert b"\x07" not in log


def test_a_progress_bar_passes_and_stands_in_the_log_once(listened):
    runner, lines = listened
    runner.run(Pipeline("p", [Bar(secret=Secret("s3cr3t-token"))]), raise_on_failure=True)
    assert [(line.text, line.passing) for line in lines if not line.passing] == [("100%|***", False), ("after", False)]
    passed = [line.text for line in lines if line.passing]
    assert "100%|***" in passed
    assert len(passed) >= 3
    log = "".join(path.read_text() for path in Path(runner.run_folder).rglob("*.log"))
    assert "s3cr3t" not in log + "".join(passed)
    assert log.count("%|***") == len(list(Path(runner.run_folder).rglob("*Bar*.log"))) + 1


@pytest.mark.parametrize("mib", [16, pytest.param(100, marks=pytest.mark.long)])
def test_output_without_a_line_end_takes_bounded_memory(kit, quick_runner, mib):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    quick_runner.run(Pipeline("p", [Endless(mib=mib)]), raise_on_failure=True)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 12
    (log,) = [path for path in Path(quick_runner.run_folder).rglob("*.log") if "Endless" in path.name]
    assert log.read_bytes().count(b"x") >= mib * MIB


def test_nobody_waits_for_a_process_that_keeps_the_pipe_open(listened):
    runner, lines = listened
    began = time.monotonic()
    runner.run(Pipeline("p", [KeepsOpen()]), raise_on_failure=True)
    assert time.monotonic() - began < 20
    assert {line.text for line in lines} == {"still here"}
