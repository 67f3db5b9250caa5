"""Signing keys, and a warning where others may write into a store: whom its entries may come from."""

from __future__ import annotations

import os
import stat
import warnings

from pyperunner_cache.errors import BadURLError, UnsafeStoreWarning
from pyperunner_cache.system import other_writers

__all__ = ["SigningKey", "read_signing_key", "warn_of_others"]

_BLANK = bytes(range(33)) + b"\x7f"
"""What nobody sees is no secret."""


_BLOCK = 64


class SigningKey:
    """A secret that signs, by HMAC-SHA256 (RFC 2104).

    The block of the key with which both hashes of every signature begin is hashed once. That takes less than half of
    the time of ``hmac.digest``, which for what is signed here is mostly preparation.

    Args:
        secret: Whoever knows it can sign.
    """

    def __init__(self, secret: bytes) -> None:
        import hashlib  # it loads OpenSSL, which stores that sign nothing do without

        block = (secret if len(secret) <= _BLOCK else hashlib.sha256(secret).digest()).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, message: bytes) -> bytes:
        """Return the signature of ``message``, 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Say whether ``signature`` is that of ``message``, in a time that does not tell how much of it is right."""
        from hmac import compare_digest

        return compare_digest(self.sign(message), signature)


def read_signing_key(reference: str | None, root: str | None = None) -> SigningKey | None:
    """Return the key that ``'env:NAME'`` or ``'file:/path'`` refers to; ``None`` for ``None``.

    The key itself is never an option, lest it end up in a record of the options.

    Raises:
        BadURLError: The reference leads to no key, or to a file inside the store at ``root``.
    """
    if reference is None:
        return None
    kind, _, place = str(reference).partition(":")
    if kind == "env":
        key = os.environ.get(place, "").encode("utf-8", "surrogateescape")
        if not key:
            raise BadURLError(f"signing_key={reference!r}", f"the environment variable {place} is not set")
        blank = f"the environment variable {place} is blank"
    elif kind == "file":
        path = os.path.realpath(place)
        if root is not None and os.path.commonpath([path, os.path.realpath(root)]) == os.path.realpath(root):
            raise BadURLError(f"signing_key={reference!r}", "the key lies inside the store that it is to protect")
        try:
            with open(path, "rb") as file:
                key = file.read().strip()
                others = other_writers(os.fstat(file.fileno()))
        except OSError as error:
            raise BadURLError(f"signing_key={reference!r}", f"the key cannot be read: {error.strerror}") from error
        if others is not None:
            raise BadURLError(f"signing_key={reference!r}", f"the key may be somebody else's: {others}")
        blank = "the key file is empty"
    else:
        reason = "a signing key is given as 'env:NAME' or 'file:/path', never as itself"
        raise BadURLError("signing_key=…", reason)
    if not key.strip(_BLANK):
        raise BadURLError(f"signing_key={reference!r}", blank)
    return SigningKey(key)


def warn_of_others(root: str) -> None:
    """Warn where another user owns the folder ``root`` or may write into it."""
    if not hasattr(os, "geteuid"):
        return
    try:
        status = os.stat(root)
    except OSError:
        return
    if status.st_uid != os.geteuid():
        who = f"it belongs to user {status.st_uid}"
    elif status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):  # in a sticky folder, too, anybody can put files
        who = f"others may write into it (mode {stat.S_IMODE(status.st_mode):o})"
    else:
        return
    warnings.warn(
        f"the store {root} is not yours alone: {who}, and loading an entry can run code that it holds; "
        "make it private (chmod 700), or open it with trust='safe' or a signing_key, or with shared=True to say "
        "that you trust them",
        UnsafeStoreWarning,
        stacklevel=4,
    )
