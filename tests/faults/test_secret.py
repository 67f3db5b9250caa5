"""A secret param of a real run: in no file, no output of a command, no argument or environment of a process."""

from __future__ import annotations

import gzip
import re
import time
from pathlib import Path

import psutil

HIDDEN = "hunter2-hunter2"
FLOW = """
import base64, os, sys, time
from pathlib import Path
from pyperunner import Pipeline, task
from pyperunner_dag import Secret

@task("Login")
def login(password, fail=False):
    if os.environ.get("WAIT"):
        Path("waiting").touch()
        while Path("waiting").exists():
            time.sleep(0.01)
    if fail:
        raise PermissionError("refused")
    return len(password)

hidden = base64.b64decode("aHVudGVyMi1odW50ZXIy").decode()
tasks = [login("value", password=Secret(hidden)), login("labelled", password=Secret(hidden, key="main"))]
tasks += [login("inside", password={"deep": [Secret(hidden)]}), login("bad", password=Secret(hidden), fail=True)]
pipeline = Pipeline("p", tasks)
"""


def contents(folder: Path):
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            data = path.read_bytes()
            yield path, gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def test_it_is_nowhere(project):
    project.write("flow.py", FLOW)

    def say(*arguments):
        process = project.start("-m", "pyperunner_cli", *arguments)
        out, err = process.communicate(timeout=60)
        assert HIDDEN not in out + err, arguments
        return out

    assert "1 failed" in say("run", "flow.py", "--verbose")
    [folder] = map(str, (project.folder / "pyperunner-runs").iterdir())
    for arguments in (["plan", "flow.py"], ["run", folder], ["results", folder], ["diff", folder, folder]):
        say(*arguments)
    say("debug", folder, "Login(bad)")
    found = list(contents(project.folder))
    assert len(found) > 10
    assert [path for path, data in found if HIDDEN.encode() in data] == []


SAID = """
import base64, json, logging, os, sys
from urllib.parse import quote
from pyperunner import Pipeline, task
from pyperunner_dag import Secret

@task("Fetch", retries=1)
def fetch(token):
    print("as it is", token, repr(token), json.dumps({"token": token}))
    print("in a URL", f"https://example.org/x?token={quote(token, safe='')}")
    print("as a header", base64.b64encode(f"user:{token}".encode()).decode(), token.encode().hex())
    sys.stdout.write(token[:5])
    sys.stdout.flush()
    sys.stdout.write(token[5:] + "\\n")
    os.write(2, f"below Python {token}\\n".encode())
    logging.getLogger("requests").warning("retrying with %s", token)
    raise ConnectionError(f"403 Forbidden for url: https://api.example.org/x?token={token}")

pipeline = Pipeline("p", [fetch(token=Secret(env="API_TOKEN", key="acct"))])
"""


def test_what_a_task_says_is_masked(project):
    project.write("flow.py", SAID)
    token = "s3cr3t/VALÜE 'x'"
    process = project.start("-m", "pyperunner_cli", "run", "flow.py", "--verbose", API_TOKEN=token)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out.count("***") >= 8
    assert "ConnectionError: 403 Forbidden for url: https://api.example.org/x?token=***" in out
    shown = [out + err, *(data.decode("utf-8", "replace") for _, data in contents(project.folder / "pyperunner-runs"))]
    assert len(shown) >= 8  # log, log of the task, exceptions, events, summary, pipeline, picture, report
    for part in ("s3cr3t", "VAL", "czNjcjN0", token.encode().hex()):
        assert not [text for text in shown if part in text]


LONG = """
import os, time
from pyperunner import Pipeline, task
from pyperunner_dag import Secret

@task("Long")
def long(token):
    for lead in range(1 << 16, (1 << 16) - 20, -4):  # where a line that does not end is cut
        os.write(1, b"." * lead + token[:9].encode())
        time.sleep(0.002)
        os.write(1, token[9:].encode() + b"." * (1 << 15) + b"\\n")
    raise RuntimeError("." * ((192 << 10) - 110) + token * 20_000)  # where a text that is too long is cut

pipeline = Pipeline("p", [long(token=Secret(env="API_TOKEN"))])
"""


def test_no_half_of_it_is_left_where_a_text_is_cut(project):
    project.write("flow.py", LONG)
    process = project.start("-m", "pyperunner_cli", "run", "flow.py", "--verbose", API_TOKEN="QWERTYUIOPASDFGHJK")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    shown = [out + err, *(data.decode("utf-8", "replace") for _, data in contents(project.folder / "pyperunner-runs"))]
    assert sum(text.count("***") for text in shown) > 1_000
    halves = {
        half for text in shown for half in re.findall("QWERTY|DFGHJK|[.*](?:QWE|WER|ERT)|(?:GHJ|FGH|HJK)[.*]", text)
    }
    assert halves == set()


def test_no_process_shows_it(project):
    project.write("flow.py", FLOW)
    runner = project.start("-m", "pyperunner_cli", "run", "flow.py", WAIT="1")
    waiting = project.folder / "waiting"
    deadline = time.monotonic() + 30
    while not waiting.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    family = [psutil.Process(runner.pid), *psutil.Process(runner.pid).children(recursive=True)]
    assert len(family) >= 2
    for process in family:
        shown = [process.name(), *process.cmdline(), *process.environ().values()]
        assert not any(HIDDEN in text for text in shown)
    while runner.poll() is None:
        waiting.unlink(missing_ok=True)
        time.sleep(0.01)
    runner.communicate()
