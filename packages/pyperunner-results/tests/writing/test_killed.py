"""A writer that is killed at any moment leaves files that can be read, and nothing is lost that it had said."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from pyperunner_results import NotARun, PipelineResult, runs, write_report
from pyperunner_results.log_lines import parse_line

WRITER = """
import sys
from pyperunner_results import RunFolder, run_section, write_report
print("ready", flush=True)
sys.stdin.readline()
folder = RunFolder.create(sys.argv[1], "demo")
task = {"name": "A", "module": "flow", "tag": "", "hash": "0" * 32, "params": {"n": 1}, "parents": []}
run = run_section("data", sys.argv[1], {"repositories": []}, "0.2.0")
folder.write_pipeline({"pipeline": {"name": "demo"}, "tasks": {"A()": task}, "keys": {}, "run": run})
folder.event("run_started", pipeline="demo", tasks=1, to_execute=1)
for attempt in (1, 2):
    log = folder.task_log("A()", attempt)
    folder.event("task_started", task="A()", attempt=attempt, log=log.file)
    for number in range(5):
        log.log(f"line {number}")
    folder.event("task_retried" if attempt == 1 else "task_finished", task="A()", attempt=attempt, status="FAILURE")
    folder.log_exception("A()", "Traceback")
    log.close()
    print(attempt, flush=True)
folder.write_picture("<svg/>")
folder.finish()
write_report(folder.path)
folder.close()
print("end", flush=True)
"""
CALLS = ("openat", "write", "rename", "mkdir")
FEW = (
    (call, when)
    for call, few in zip(CALLS, ((1, 3, 6), (1, 5, 14, 40), (1, 2, 4), (1, 3)), strict=True)
    for when in few
)
ALL = [(call, when) for call in CALLS for when in range(1, 60 if call == "write" else 20)]
pytestmark = [pytest.mark.strace, pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")]


def killed_at(tmp_path, package, call, when):
    """Run the writer until it makes ``call`` for the ``when``-th time; return what it had said and its exit code."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "log")], cwd=tmp_path, env={"PYTHONPATH": package},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout.readline() == "ready\n"
    inject = f"inject={call}:signal=KILL:when={when}"
    command = ["strace", "-qq", "-e", f"trace={call}", "-e", inject, "-p", str(child.pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 10
    while "TracerPid:\t0" in Path(f"/proc/{child.pid}/status").read_text() and time.monotonic() < end:
        if tracer.poll() is not None:
            child.kill()
            child.communicate()
            pytest.skip(f"strace cannot attach: {tracer.stderr.read()[:200]}")
        time.sleep(0.005)
    said, errors = child.communicate("\n", timeout=60)
    assert "Traceback" not in errors
    tracer.communicate(timeout=30)
    return said.split(), child.returncode


def check(folder, said):
    """Every file that is there is whole; what was said before the death is in it."""
    records = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for path in records:
        text = "" if path.is_dir() else path.read_text()
        if path.name == "pipeline.yaml":
            assert list(yaml.safe_load(text)["tasks"]) == ["A()"]
        elif path.suffix in (".json", ".jsonl"):
            assert all(json.loads(line) for line in text.splitlines())
            assert text.endswith("\n") or not text
        elif path.suffix == ".log":
            assert text.endswith("\n") or not text
            heads = [line for line in text.splitlines() if not line.startswith("    ")]
            assert all(map(parse_line, heads))
        elif path.suffix == ".html":
            assert text.endswith("</html>\n")
    events = (folder / "events.jsonl").read_text() if (folder / "events.jsonl").exists() else ""
    done = [json.loads(line) for line in events.splitlines() if "FAILURE" in line]
    assert len(done) >= len([number for number in said if number != "end"])


@pytest.mark.parametrize(("call", "when"), [*FEW, *(pytest.param(*one, marks=pytest.mark.long) for one in ALL)])
def test_killed_there(tmp_path, call, when):
    import pyperunner_results

    said, code = killed_at(tmp_path, str(Path(pyperunner_results.__file__).parents[1]), call, when)
    assert (code == -9) != (said[-1:] == ["end"] and code == 0)
    folders = list((tmp_path / "log").iterdir()) if (tmp_path / "log").exists() else []
    for folder in folders:
        check(folder, said)
        [listed] = runs(tmp_path / "log")
        try:
            results = PipelineResult.from_file(folder)
        except NotARun:  # it had not come as far as that
            assert not (folder / "pipeline.yaml").exists() or not (folder / "summary.json").exists()
            continue
        assert listed.state == results.state == ("interrupted" if code and not listed.length else "failure")
        assert results.task("A()").status in (None, "FAILURE", "INTERRUPTED")
        assert "</html>" in Path(write_report(folder)).read_text()
