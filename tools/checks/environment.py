"""The development environment: finds uv (or installs it beside the sources) and makes virtual environments with it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ROOT",
    "EnvironmentFailure",
    "Workshop",
    "find_python",
    "find_uv",
    "python_in",
    "sync",
    "variables",
]

ROOT = Path(__file__).resolve().parents[2]
"""The root of the work tree."""

_LOCAL_UV = ROOT / ".uv"


class EnvironmentFailure(RuntimeError):
    """The environment could not be made; the text says why and what to do."""


@dataclass(frozen=True)
class Workshop:
    """What the steps work with.

    Args:
        uv: Path of uv.
        python: The development environment's Python.
    """

    uv: str
    python: Path


def variables() -> dict[str, str]:
    """Return the variables under which every command runs: no other environment, no download of Pythons."""
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}}
    return {**kept, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}


def find_uv() -> str:
    """Return the path of a uv that answers: the one on PATH, else one installed into ``.uv`` with pip.

    Raises:
        EnvironmentFailure: There is no uv and pip could not install it, or nothing can be written below the root.
    """
    local = str(_LOCAL_UV / "bin" / ("uv.exe" if os.name == "nt" else "uv"))
    for candidate in (shutil.which("uv"), local):
        if candidate and _answers(candidate):
            return candidate
    if not os.access(ROOT, os.W_OK):
        raise _read_only()
    # --target is exempt from PEP 668, so this works with an externally managed Python too.
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(_LOCAL_UV), "uv"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode or not _answers(local):
        raise EnvironmentFailure(
            f"uv is not installed and pip could not install it:\n{done.stdout}{done.stderr}\n"
            "Without pip, install it first (Debian and Ubuntu: apt install python3-pip). If nothing could be fetched,\n"
            "see to the network or to pip's settings. A uv on PATH will do, too. Then repeat the command."
        )
    return local


def _read_only() -> EnvironmentFailure:
    root = shlex.quote(str(ROOT))
    return EnvironmentFailure(
        f"Nothing can be written in {ROOT}, where the environment is made. Take a copy of your own:\n"
        f"  cp -r {root} ~/pyperunner && chmod -R u+w ~/pyperunner && cd ~/pyperunner"
    )


def _answers(uv: str) -> bool:
    try:
        return subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def sync(uv: str, folder: str = ".venv", *options: str) -> Path:
    """Bring the virtual environment ``folder`` (below the root) in line with the workspace and return its Python.

    Args:
        uv: The uv to use.
        folder: Name of the environment.
        options: Further options of ``uv sync``.

    Raises:
        EnvironmentFailure: uv failed, or nothing can be written below the root.
    """
    python = python_in(ROOT / folder)
    if not os.access(ROOT, os.W_OK):
        if python.exists():  # made by whoever may write here; it is used as it is
            return python
        raise _read_only()
    command = [uv, "sync", "--quiet", *options]
    inside = {**variables(), "UV_PROJECT_ENVIRONMENT": folder}
    done = subprocess.run(command, cwd=ROOT, env=inside, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFailure(
            f"`uv sync` could not make {folder}:\n{done.stdout}{done.stderr}\n"
            "If nothing could be fetched, see to the network; uv reads none of pip's settings, UV_DEFAULT_INDEX names\n"
            f"another index for it. If {folder} itself is damaged, remove it. Then repeat the command."
        )
    return python


def python_in(environment: Path) -> Path:
    """Return the Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def find_python(uv: str, minor: int) -> str | None:
    """Return an installed Python 3.``minor``: one that uv finds, else one of pyenv's; ``None`` where there is none."""
    command = [uv, "python", "find", "--no-project", f"3.{minor}"]
    found = subprocess.run(command, env=variables(), capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python3.{minor}"))
    return str(installed[-1]) if installed else None
