"""The tasks that the conformance suite of executors has carried out."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pyperunner_dag import Task, run

__all__ = ["Add", "Fail", "Family", "Grow", "Meddle", "Read", "Reveal", "Sleep", "Talk"]

_SLEEP = "import time; time.sleep(60)"


class Add(Task):
    """The sum of its inputs, and more."""

    @run
    def run(self, data: list[int], amount: int) -> int:
        """Do it."""
        return sum(data) + amount


class Fail(Task):
    """Fails in the way asked for."""

    @run
    def run(self, how: str) -> None:
        """Do it."""
        if how == "raise":
            raise ValueError("the reason")
        if how == "sys.exit":
            sys.exit(0)
        if how == "os._exit":
            os._exit(0)
        if how == "segfault":
            ctypes.string_at(0)
        os.kill(os.getpid(), signal.SIGKILL)


class Talk(Task):
    """Prints in several ways."""

    @run
    def run(self) -> None:
        """Do it."""
        print("from print")
        os.write(2, b"bytes \xff\n")
        subprocess.run([sys.executable, "-c", "print('from a subprocess')"], check=True)
        print("begun ", end="")
        print("and ended")
        os.write(1, b"no line end")


class Read(Task):
    """Reads a file that it does not declare."""

    @run
    def run(self, path: str) -> str:
        """Do it."""
        return Path(path).read_text(encoding="utf-8")


class Sleep(Task):
    """Takes its time."""

    @run
    def run(self, seconds: float) -> str:
        """Do it."""
        time.sleep(seconds)
        return "slept"


class Family(Task):
    """Starts a child in its own session and one in another, notes their numbers, and stays."""

    @run
    def run(self, note: str) -> None:
        """Do it."""
        command = [sys.executable, "-S", "-c", _SLEEP]
        children = [subprocess.Popen(command, start_new_session=new) for new in (False, True)]
        Path(f"{note}.new").write_text(" ".join(str(child.pid) for child in children), encoding="utf-8")
        Path(f"{note}.new").rename(note)
        time.sleep(60)


class Meddle(Task):
    """Returns what it finds of folder, umask and environment, and changes them."""

    @run
    def run(self) -> tuple[str, int, str | None]:
        """Do it."""
        found = str(Path.cwd()), os.umask(0o777), os.environ.get("MEDDLED")
        os.chdir(os.sep)
        os.environ["MEDDLED"] = "yes"
        return found


class Grow(Task):
    """Takes memory, and keeps it."""

    @run
    def run(self, size: int) -> int:
        """Do it."""
        held = b"x" * size
        time.sleep(60)
        return len(held)


class Reveal(Task):
    """Returns how long a secret is."""

    @run
    def run(self, password: str) -> int:
        """Do it."""
        return len(password)
