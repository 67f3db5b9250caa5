from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from pyperunner_results import RunFolder, run_section


class JsonFolder:
    """A real OutputReader that could not be simpler: one JSON file per entry, named by its key."""

    def __init__(self, path):
        self.path = Path(path)

    def _file(self, key):
        return self.path / f"{quote(key, safe='')}.json"

    def missing(self, keys):
        return {key for key in keys if not self._file(key).exists()}

    def load(self, key):
        try:
            return json.loads(self._file(key).read_text())
        except FileNotFoundError:
            raise KeyError(key) from None

    def save(self, key, value):
        self.path.mkdir(parents=True, exist_ok=True)
        self._file(key).write_text(json.dumps(value))


@pytest.fixture
def json_folder():
    return JsonFolder


@pytest.fixture
def make_conf(tmp_path):
    """Builds the content of a pipeline.yaml from ``{task name: (params, parents)}``."""

    def make(tasks, name="demo", env=None):
        entries = {
            task: {
                "name": task.partition("(")[0],
                "module": "flow",
                "tag": task.partition("(")[2][:-1],
                "hash": f"{number:032x}",
                "params": dict(params),
                "parents": list(parents),
            }
            for number, (task, (params, parents)) in enumerate(tasks.items(), 1)
        }
        run = run_section(tmp_path / "data", tmp_path / "log", env or {"repositories": []}, "0.2.0")
        return {"pipeline": {"name": name}, "tasks": entries, "keys": {}, "run": run}

    return make


@pytest.fixture
def folder(tmp_path):
    made = RunFolder.create(tmp_path / "log", "demo")
    yield made
    made.close()


@pytest.fixture
def python():
    """Runs a script in a fresh interpreter that imports this package from where it is imported here."""

    def run(script, *arguments, options=(), **kwargs):
        import pyperunner_results

        env = {**os.environ, "PYTHONPATH": str(Path(pyperunner_results.__file__).parents[1])}
        env.update(kwargs.pop("env", {}))
        command = [sys.executable, *options, "-c", script, *map(str, arguments)]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False, **kwargs)

    return run


class Browser:
    """Headless Chromium, told what to do over two pipes (``--remote-debugging-pipe``); needs no client library."""

    def __init__(self, binary, profile):
        read_commands, self._commands = os.pipe()
        self._answers, write_answers = os.pipe()
        # A shell puts the pipes where Chromium looks for them: commands at descriptor 3, answers at 4.
        options = [
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
        ]
        if os.geteuid() == 0:
            options.append("--no-sandbox")
        place = f'exec "$0" "$@" 3<&{read_commands} 4>&{write_answers}'
        self._process = subprocess.Popen(
            ["bash", "-c", place, binary, *options],
            pass_fds=(read_commands, write_answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(read_commands)
        os.close(write_answers)
        self._rest, self._numbers, self._session, self._events = b"", itertools.count(1), None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self._events.append(answer)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def _read(self):
        while b"\0" not in self._rest:
            if not select.select([self._answers], [], [], 30)[0]:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self._answers, 1 << 20)
            if not chunk:
                raise EOFError("the browser has ended")
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, path, width=1280, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=Path(path).as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._read())

    def js(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def key(self, key):
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)

    def complaints(self):
        """What the page threw, logged, or had blocked since it was opened."""
        self.js("0")
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event["params"] for event in self._events if event.get("method") in kinds]

    def close(self):
        self._session = None
        try:
            self.call("Browser.close")
        except EOFError:
            pass
        self._process.wait(10)
        os.close(self._commands)
        os.close(self._answers)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    binary = next(filter(None, map(shutil.which, names)), None)
    if binary is None:
        pytest.skip("no Chromium is installed")
    made = Browser(binary, tmp_path_factory.mktemp("profile"))
    yield made
    made.close()
