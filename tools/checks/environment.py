"""The development environment: finds uv (or installs it beside the sources) and makes virtual environments with it."""

from __future__ import annotations

import os
import re
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
    "installers_variables",
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


_PLACES = {
    *("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "PYENV_ROOT", "TESTED_PYTHONS"),
    *("TEMP", "TMP", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA"),
}
"""Variables that say where things are on a machine."""

_SETTINGS = {"LANG": "C.UTF-8", "PYTHONNOUSERSITE": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

_OF_ANOTHER_PROJECT = re.compile(
    r"PYTHON|VIRTUAL_ENV|CONDA_|UV_(?!\w*(?:INDEX|LINK|CACHE|CERT|CRED|TLS|HTTP|HOST|KEYRING|OFFLINE|CONFIG|INSTALL_DIR))"
)
"""Begins the names of variables that would decide what is installed, and where, not from where it is fetched."""


def variables() -> dict[str, str]:
    """Return the variables under which tools and tests run, the same for every caller but for where things are."""
    return {**{name: value for name, value in os.environ.items() if name.upper() in _PLACES}, **_SETTINGS}


def installers_variables() -> dict[str, str]:
    """Return the variables for uv and pip: those of the caller, who knows the network, and no download of Pythons."""
    kept = {name: value for name, value in os.environ.items() if not _OF_ANOTHER_PROJECT.match(name)}
    return {**kept, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "PYTHONNOUSERSITE": "1"}


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
    done = subprocess.run(install, env=installers_variables(), capture_output=True, text=True, check=False)
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
        done = subprocess.run([uv, "--version"], env=installers_variables(), capture_output=True, check=False)
        return done.returncode == 0
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
    inside = {**installers_variables(), "UV_PROJECT_ENVIRONMENT": folder}
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
    found = subprocess.run(command, env=installers_variables(), capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return found.stdout.strip()
    # Where there is no home, as for a user without an entry in /etc/passwd, this leaves the path as it is.
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))  # noqa: PTH111
    installed = sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python3.{minor}"))
    return str(installed[-1]) if installed else None
