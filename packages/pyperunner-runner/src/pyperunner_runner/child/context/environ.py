"""Environment of a task: variables that are set for a while, and the umask, which the store's files are not to feel."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["environment"]


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables; each of them, and the umask, is afterwards what it was before."""
    before = {name: os.environ.get(name) for name in variables}
    umask = os.umask(0o077)  # there is no way to ask for it without setting it
    os.umask(umask)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.umask(umask)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
