"""Files of outputs: which form a suffix asks for, and how an output becomes that file, whole or not at all."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.exporting.tables import is_table, write_csv, write_parquet
from pyperunner_cli.json_output import as_json

if TYPE_CHECKING:
    from pyperunner_dag import File

__all__ = ["SUFFIXES", "natural_suffix", "write_output"]


def write_output(value: Any, path: Path, called: Path | None = None) -> str:
    """Write an output to a file in the form that its suffix asks for, and return what was written, in words.

    Text and bytes are written as they are, and a file that a task returned is copied, whatever the suffix; but for
    ``.pkl``, which is a pickle of anything.

    Args:
        value: The output.
        path: The file.
        called: What errors call it, if not that.

    Raises:
        CommandError: The output has no such form; nothing is written then.
        OSError: It cannot be written.
    """
    called = called or path
    if not path.parent.is_dir():
        raise CommandError(f"{called}: there is no folder {path.parent}.")
    form = _FORMS.get(path.suffix.lower())
    copied = _file(value)
    if form is None and copied is None and not isinstance(value, (str, bytes)):
        known = ", ".join(SUFFIXES)
        what = f"an output of type {type(value).__name__}"
        raise CommandError(f"{called}: {what} is written to a file that ends in {known}; text, bytes and files to any.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if form is not None and (form is _write_pickle or (copied is None and not isinstance(value, (str, bytes)))):
            form(value, temporary)
            said = f"{temporary.stat().st_size} bytes"
        elif copied is not None:
            shutil.copyfile(copied, temporary)
            said = f"{temporary.stat().st_size} bytes"
        else:
            temporary.write_bytes(value if isinstance(value, bytes) else value.encode())
            said = f"{len(value)} {'bytes' if isinstance(value, bytes) else 'characters'}"
        temporary.replace(path)
    except CommandError as error:
        raise CommandError(f"{called}: {error}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return said


def natural_suffix(value: Any) -> str:
    """Return the suffix of the form that fits an output best."""
    copied = _file(value)
    if copied is not None:
        return Path(copied).suffix
    if isinstance(value, bytes):
        return ".png" if value.startswith(_PNG) else ".bin"
    if isinstance(value, str):
        return ".txt"
    if is_table(value):
        return ".csv"
    if _draws(value):
        return ".png"
    return ".json" if _is_plain(value) else ".pkl"


def _is_plain(value: Any) -> bool:
    """Say whether a value is what JSON has, exactly, tuples aside."""
    if isinstance(value, dict):
        return all(type(key) is str for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


_PNG = b"\x89PNG\r\n"


def _file(value: Any) -> File | None:
    from pyperunner_dag import File

    return value if isinstance(value, File) else None


def _write_json(value: Any, path: Path) -> None:
    path.write_text(json.dumps(as_json(value), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_pickle(value: Any, path: Path) -> None:
    try:
        path.write_bytes(pickle.dumps(value, protocol=5))
    except Exception as error:  # __reduce__ of a user's class
        raise CommandError(f"it makes no pickle: {type(error).__name__}: {error}") from None


def _draws(value: Any) -> bool:
    return any(hasattr(type(value), name) for name in ("savefig", "_repr_png_"))


def _write_picture(value: Any, path: Path) -> None:
    if hasattr(type(value), "savefig"):  # a figure of matplotlib
        value.savefig(path, format="png")
        return
    if hasattr(type(value), "_repr_png_"):  # a picture of PIL, and whatever notebooks show
        path.write_bytes(value._repr_png_())
        return
    try:
        from PIL import Image

        Image.fromarray(value).save(path, format="PNG")
    except Exception:
        kinds = "a figure, a picture, or an array of bytes with PIL installed"
        raise CommandError(f"an output of type {type(value).__name__} is no picture: {kinds} is.") from None


_FORMS: Mapping[str, Callable[[Any, Path], None]] = {
    ".csv": write_csv,
    ".parquet": write_parquet,
    ".json": _write_json,
    ".png": _write_picture,
    ".pkl": _write_pickle,
}

SUFFIXES = tuple(_FORMS)
"""What the name of a file may end in."""
