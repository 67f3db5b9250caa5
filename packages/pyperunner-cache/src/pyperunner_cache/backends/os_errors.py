"""OS errors: what the operating system says, as the cache's own errors."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pyperunner_cache.errors import ReadOnlyStoreError, StorageError, StoreFullError

__all__ = ["translate", "translating"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


def translate(error: OSError, action: str, key: str | None, file: str, size: int | None = None) -> StorageError:
    """Return the cache's error for ``error``."""
    kind = StoreFullError if error.errno in _FULL else ReadOnlyStoreError if error.errno in _READ_ONLY else StorageError
    return kind(action, key, file, error.strerror or str(error), size)


@contextmanager
def translating(action: str, key: str | None, file: str) -> Iterator[None]:
    """Turn an `OSError` of the block into the cache's own."""
    try:
        yield
    except StorageError:
        raise
    except TimeoutError:
        raise
    except OSError as error:
        raise translate(error, action, key, file) from error
