"""A page at work: its blocks are executed from top to bottom in one folder, by one shell and one Python."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from page_blocks import ROOT, Block

__all__ = ["PageFailure", "Session", "agrees", "normalised", "steps"]

_LIMIT = 90.0  # seconds that one command or block may take
_KERNEL = Path(__file__).with_name("page_kernel.py")

# What differs from run to run and from machine to machine. Anything else is compared as it is.
_VARIES = [
    (r"(?m)^ *(time|memory): .* → .*\n", ""),  # `diff` tells of a figure only where it moved, as on a busy machine
    (r"(?<!\d)\d{6}T\d{6}(_\d+)?", "<stamp>"),
    (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d)?", "<time>"),
    (r"\b\d+\.\d+ s\b", "<seconds>"),
    (r"\b[0-9a-f]{7,}\b…?", "<digest>"),
    (r" {2,}", "  "),  # the width of columns follows from the above
]


class PageFailure(Exception):
    """A block does not do what the page says; the text says how."""


class Session:
    """The folder, the shell and the Python of one page.

    Args:
        page: The page; one outside `packages` is about a checkout, so its folder is one, with the examples.
    """

    def __init__(self, page: Path) -> None:
        self._page = page
        self._scratch = tempfile.TemporaryDirectory(prefix=f"{page.stem}-")
        self.folder = Path(self._scratch.name, "checkout")
        self.folder.mkdir()
        home = Path(self._scratch.name, "home")
        home.mkdir()
        # Nothing of the caller's environment but where programs are, this environment's first.
        self._variables = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }
        if not page.is_relative_to(ROOT / "packages"):
            self._check_out()
        self._shell: _Process | None = None
        self._kernel: _Process | None = None

    def _check_out(self) -> None:
        shutil.copytree(ROOT / "docs/examples", self.folder / "docs/examples", ignore=shutil.ignore_patterns("__py*"))
        git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Examples"]):
            subprocess.run([*git, *words], cwd=self.folder, env=self._variables, check=True)

    def close(self) -> None:
        """End both processes, with all that they have started, and remove the folder."""
        for process in (self._shell, self._kernel):
            if process is not None:
                process.close()
        self._scratch.cleanup()

    def execute(self, block: Block) -> None:
        """Execute a block; one that is a file is written.

        Raises:
            PageFailure: It does something else than the page shows.
        """
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            self._python(block)
        else:
            for command, shown in steps(block.text):
                self._type(command, shown)

    def _python(self, block: Block) -> None:
        if self._kernel is None:
            command = [sys.executable, "-X", "utf8", str(_KERNEL)]
            self._kernel = _Process(command, self.folder, self._variables)
        order = json.dumps({"name": f"<{self._page.name}, line {block.line}>", "source": block.text})
        remarks = json.loads(self._kernel.ask(order))
        if remarks:
            raise PageFailure(f"{remarks}\n{self._kernel.said()}")

    def _type(self, command: str, shown: str) -> None:
        if self._shell is None:
            # The shell answers with the exit code, on the descriptor it is given.
            loop = (
                'in=$1 out=$2; set --; while IFS= read -r line <&$in; do eval "$line" </dev/null; echo $? >&$out; done'
            )
            self._shell = _Process(["bash", "--norc", "-c", loop, "page"], self.folder, self._variables)
        code = int(self._shell.ask(command))
        printed = self._shell.said()
        refused = any(line.startswith(("pyperunner: ", "Traceback ")) for line in shown.splitlines())
        if (code != 0) != refused or not agrees(shown, printed):
            both = (normalised(text).splitlines() for text in (shown, printed))
            differs = "\n".join(difflib.unified_diff(*both, "page", "printed", lineterm=""))
            raise PageFailure(f"$ {command}\nexit code {code}, printed:\n{printed}\n{differs}")


class _Process:
    """A process that is given one line at a time and answers each with one; what it prints goes to a file."""

    def __init__(self, command: list[str], folder: Path, variables: dict[str, str]) -> None:
        theirs, ours = os.pipe()
        self._answers, back = os.pipe()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 -- `close` does it
        self._process = subprocess.Popen(
            [*command, str(theirs), str(back)],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs, back),
            start_new_session=True,
        )
        os.close(theirs)
        os.close(back)
        self._orders = os.fdopen(ours, "w", encoding="utf-8")
        self._heard = 0

    def ask(self, line: str) -> str:
        self._heard = os.fstat(self._output.fileno()).st_size
        self._orders.write(f"{line}\n")
        self._orders.flush()
        answer = b""
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([self._answers], [], [], _LIMIT)
            more = os.read(self._answers, 65536) if ready else b""
            if not more:
                raise PageFailure(f"no answer within {_LIMIT:.0f} s, or the process ended:\n{line}\n{self.said()}")
            answer += more
        return answer.decode()

    def said(self) -> str:
        """Return what was printed since the last question."""
        size = os.fstat(self._output.fileno()).st_size - self._heard
        return os.pread(self._output.fileno(), size, self._heard).decode(errors="backslashreplace")

    def close(self) -> None:
        self._orders.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._answers)
        self._output.close()


def steps(console: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block, each with the output that is shown below it."""
    commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE)
    if "".join(f"$ {command}\n{shown}" for command, shown in commands) != console:
        raise PageFailure("a console block begins with a line `$ command`")
    yield from commands


def agrees(shown: str, printed: str) -> bool:
    """Whether a page's text is what was printed: `…` or `...` stands for any text, alone on a line for any lines."""
    lines = [
        r"(?:.*\n)*" if line.strip() in ("…", "...") else re.escape(line) + r"\n"
        for line in normalised(shown).splitlines()
    ]
    pattern = "".join(lines).replace("…", ".*").replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, normalised(printed)) is not None


def normalised(text: str) -> str:
    """Return a text in which what may differ is replaced by what it is."""
    for pattern, word in _VARIES:
        text = re.sub(pattern, word, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
