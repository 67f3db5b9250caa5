"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

__all__ = ["write_atomically"]


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file beside its final place and move it there; readers see the old file or the new one.

    Args:
        path: Where it goes.
        content: Text (written as UTF-8) or bytes.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = os.path.join(os.path.dirname(os.fspath(path)), f".pyperunner-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
