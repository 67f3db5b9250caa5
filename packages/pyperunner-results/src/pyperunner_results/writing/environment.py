"""Environment of a run: sources, installed packages and repositories that it depended on besides its params."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_results.files import open_regular
from pyperunner_results.former_names import formerly
from pyperunner_results.writing.git import GitQuery, repository_roots
from pyperunner_text.sha256 import sha256

if TYPE_CHECKING:
    from pyperunner_results.schema import Dependency, Environment

__all__ = ["file_digest", "get_environment_info"]

_SCRIPTS = "Scripts" if os.name == "nt" else "bin"
_OURS = frozenset(
    f"pyperunner{part}"
    for part in (
        "",
        "_cache",
        "_cache_fsspec",
        "_cache_redis",
        "_cli",
        "_dag",
        "_dask",
        "_keys",
        "_openlineage",
        "_results",
        "_runner",
        "_text",
    )
)
"""Packages that are a dependency, also where they are installed editable; the record names their version."""
_PIECE = 1 << 20  # bytes
_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")


@formerly("_environment")
def get_environment_info(mainfile: str | os.PathLike[str] | None = None) -> Environment:
    """Describe the environment of the running process.

    Sources are the files of the user's own modules that are loaded: everything outside the standard library and
    ``site-packages``, editable installs included, apart from pyperunner itself. Dependencies are the distributions
    found on ``sys.path``; their metadata is not read.

    Args:
        mainfile: The user's main file, if it is not the program that was started; a command that runs other people's
            files says here which. A command that was installed counts as no main file.

    Returns:
        ``base_dir`` (folder of the main file, of ``python -m pkg.flow`` the one that holds ``pkg``; else the working
        directory), ``mainfile`` (its name as seen from there; ``None`` in a notebook, at a prompt or under an installed
        command), ``sources`` (``[{filename, hash}]``, relative to
        ``base_dir``, SHA-256), ``dependencies`` (``[{name, version}]``) and ``repositories`` (``[{url, commit,
        dirty}]``, that of ``base_dir`` first).
    """
    main = _main_file(mainfile)
    base_dir = _folder_of_imports(main, started=mainfile is None) if main else _folder()
    files = sorted({*_own_files(), *([main] if main else [])})
    query = GitQuery(repository_roots([Path(base_dir), *(Path(file).parent for file in files)]))
    return {
        "base_dir": base_dir,
        "mainfile": _relative(main, base_dir) if main else None,
        "sources": [
            {"filename": _relative(file, base_dir), "hash": digest} for file in files if (digest := file_digest(file))
        ],
        "dependencies": _dependencies(),
        "repositories": query.answers(),
    }


def _main_file(given: str | os.PathLike[str] | None) -> str | None:
    if given is not None:
        return os.path.realpath(given)
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    if not isinstance(name, str) or not Path(name).is_file():
        return None
    main = os.path.realpath(name)
    # A command that was installed is not the user's program: python -m pytest, or a script beside the interpreter.
    return None if _INSTALLED.search(main) or main.startswith(_scripts()) else main


def _folder_of_imports(main: str, *, started: bool) -> str:
    """Return the folder that the imports of a main file start from.

    Args:
        main: The file.
        started: Whether it is the program that was started, perhaps as a module of a package.
    """
    spec = getattr(sys.modules.get("__main__"), "__spec__", None) if started else None
    parts = tuple(spec.name.split(".")) if spec is not None else ()
    above = Path(main).with_suffix("").parts
    is_module = len(parts) > 1 and above[-len(parts) :] == parts
    return str(Path(main).parents[len(parts) - 1] if is_module else Path(main).parent)


def _folder() -> str:
    try:
        return os.path.realpath(".")
    except FileNotFoundError:  # it was removed
        return os.sep


def _scripts() -> str:
    """Return the folder of installed commands."""
    return os.path.join(os.path.realpath(sys.prefix), _SCRIPTS, "")


def _own_files() -> set[str]:
    standard, scripts = os.path.realpath(Path(os.__file__).parent) + os.sep, _scripts()
    files = set()
    for name, module in sys.modules.copy().items():  # a list of the items could meet an import of another thread
        # Not getattr of what is looked for: a lazy module would be woken up by it.
        known = getattr(module, "__dict__", {})
        file, spec = known.get("__file__"), known.get("__spec__")
        if (spec.name if spec else name).partition(".")[0] in _OURS:
            continue
        if not isinstance(file, str) or file.startswith(standard) or _INSTALLED.search(file):
            continue
        real = os.path.realpath(file)
        if not real.startswith((standard, scripts)) and not _INSTALLED.search(real):
            files.add(real)
    return files


def _relative(file: str, base_dir: str) -> str:
    try:
        return os.path.relpath(file, base_dir).replace(os.sep, "/")
    except ValueError:  # another drive on Windows
        return file


def file_digest(file: str) -> str | None:
    """Return the SHA-256 of a file's bytes in hex, ``None`` if it can't be read."""
    try:
        with open_regular(file, follow=True) as source:
            digest = sha256()
            while piece := source.read(_PIECE):  # a module that is an extension can have many megabytes
                digest.update(piece)
            return digest.hexdigest()
    except OSError:
        return None


def _dependencies() -> list[Dependency]:
    found: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path):
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            stem, dot, suffix = name.rpartition(".")
            if dot and suffix in ("dist-info", "egg-info"):
                dist, dash, version = re.sub(r"-py\d[\d.]*$", "", stem).partition("-")
                if dash:
                    found.setdefault(re.sub(r"[-_.]+", "-", dist).lower(), version)
    return [{"name": name, "version": version} for name, version in sorted(found.items())]
