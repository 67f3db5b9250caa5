"""Watching: a run in a process of its own, again whenever a file that counts has changed, until it is interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pyperunner_cli.text import count, listing, relative

__all__ = ["watch"]

_EACH = 0.3  # seconds between two looks
_PATIENCE = 5.0  # seconds that a run has to end after the signal that it was sent, too

_Signs = Mapping[str, object]


def watch(arguments: Sequence[str]) -> int:
    """Run with the arguments of ``run``, and again after each edit; never returns but by an exception.

    Each run is a process of its own, which loads the code as it is then; what was stored stays, so only what an edit
    touches is executed.
    """
    command = [*_ourselves(), "run", *(word for word in arguments if not _means_watch(word))]
    files: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="pyperunner-watch-") as folder:
        report = Path(folder, "files.json")
        while True:
            began = time.time_ns()
            before = _signs(files)
            _wait_for(subprocess.Popen([*command, "--watched", str(report)]))
            files |= _read(report)
            fresh = {file for file in files if file not in before and _changed_at(file) > began}
            changed = {*fresh, *_differences(before, _signs(before))} or _next_change(files)
            print(f"changed: {listing(map(relative, sorted(changed)), limit=3)}", flush=True)


def _ourselves() -> list[str]:
    script = sys.argv[0]
    is_script = Path(script).name == "pyperunner" and Path(script).is_file()
    return [sys.executable, script] if is_script else [sys.executable, "-m", "pyperunner_cli"]


def _means_watch(word: str) -> bool:
    return word == "--watch" or (len(word) > len("--w") and "--watch".startswith(word))


def _wait_for(run: subprocess.Popen[bytes]) -> None:
    try:
        run.wait()
    except BaseException:  # a signal, which the run got too where it came from a terminal
        try:
            run.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            run.terminate()
            run.wait()
        raise


def _read(report: Path) -> set[str]:
    try:
        return set(json.loads(report.read_text(encoding="utf-8")))
    except (OSError, ValueError):  # the run ended before it knew
        return set()


def _next_change(files: Iterable[str]) -> set[str]:
    before = _signs(files)
    print(f"watching {count(len(before), 'file')}; Ctrl-C ends", flush=True)
    while not (changed := _differences(before, _signs(before))):
        time.sleep(_EACH)
    last: _Signs = {}
    while last != (now := _signs(before)):  # an editor or a checkout may write several
        last = now
        time.sleep(_EACH / 2)
    return changed | _differences(before, last)


def _signs(files: Iterable[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for file in files:
        try:
            stat = Path(file).stat()
        except OSError:
            found[file] = None
        else:
            found[file] = stat.st_mtime_ns, stat.st_size, stat.st_ino
    return found


def _differences(before: _Signs, now: _Signs) -> set[str]:
    return {file for file, sign in before.items() if now.get(file) != sign}


def _changed_at(file: str) -> int:
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0
