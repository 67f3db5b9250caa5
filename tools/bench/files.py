"""How long planning takes with large files and folders: not remembered, remembered, in a new process.

    python tools/bench/files.py --folder /tmp/bench

Every figure comes from a process of its own, with a memo and a store of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

GIB = 1 << 30


def prepare(folder: Path) -> None:
    """Write a file of 1 GiB and a folder of 10,000 small ones."""
    big = folder / "big.bin"
    if not big.exists():
        with big.open("wb") as file:
            for _ in range(64):
                file.write(os.urandom(GIB // 64))
            os.fsync(file.fileno())
        for number in range(10_000):
            path = folder / "many" / str(number % 100) / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x" * (number % 1000))
    time.sleep(3)  # what has just changed is not remembered


def evict(path: Path) -> None:
    """Let the system forget the content of a file."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def plan(kind: str, folder: Path) -> None:
    """Plan a task with a file or folder twice, and print the milliseconds of both."""
    from pyperunner_dag import File, Folder, Pipeline, task
    from pyperunner_runner import Runner

    @task("Load")
    def load(source: object) -> int:
        return 1

    item = Folder(folder / "many") if kind == "folder" else File(folder / "big.bin")

    def once(source: object) -> float:
        runner = Runner(folder / "data", folder / "logs")
        runner.set_pipeline(Pipeline("files", [load(source=source)]))
        started = time.perf_counter()
        runner.queue_tasks()
        return 1000 * (time.perf_counter() - started)

    once("to import what planning needs")
    print(f"{once(item):.1f} {once(item):.1f}")


def main() -> None:
    """Print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, required=True, help="where there is room for 1 GiB")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--plan", help=argparse.SUPPRESS)
    given = options.parse_args()
    folder: Path = given.folder.absolute()
    if given.plan:
        return plan(given.plan, folder)
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder)
    memo = folder / "cache" / "pyperunner" / "files-1.sqlite"
    for title, kind, remembered, cold in (
        ("1 GiB, from the disk", "file", False, True),
        ("1 GiB, from the system's cache", "file", False, False),
        ("1 GiB, remembered", "file", True, False),
        ("10,000 files", "folder", False, False),
        ("10,000 files, remembered", "folder", True, False),
    ):
        for _ in range(given.rounds):
            if not remembered:
                memo.unlink(missing_ok=True)
            if cold:
                evict(folder / "big.bin")
            command = [sys.executable, __file__, "--folder", str(folder), "--plan", kind]
            environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            first, again = done.stdout.split()
            print(f"{title:32} {first:>9} ms, again in the same process {again:>7} ms")
    return None


if __name__ == "__main__":
    main()
