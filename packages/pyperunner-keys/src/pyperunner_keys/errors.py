"""Errors of making a key.

::

    KeysError
    ├── UnencodableError (also TypeError)
    │   ├── FileError (also OSError)
    │   └── TooDeepError
    └── FingerprintGapError (also ValueError)
"""

from __future__ import annotations

from pyperunner_text.errors import FactError

__all__ = ["FileError", "FingerprintGapError", "KeysError", "TooDeepError", "UnencodableError"]


class KeysError(FactError):
    """Base of every error that this package raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # The facts are the state, too: keys of such errors have held both since 0.2.0.
        return type(self), self.args, vars(self)


class UnencodableError(KeysError, TypeError):
    """A value, or a part of it, has no stable encoding.

    Args:
        path: Where the part sits inside the value, such as ``"['model'].lock"``; empty for the value itself.
        type_name: Qualified name of the part's type.
        reason: Why it cannot be encoded, as the rest of a sentence.
    """

    path: str
    type_name: str
    reason: str

    def sentence(self) -> str:
        """Return the place of the part, its type and the reason."""
        return f"{self._where()}{self.type_name} has no stable encoding: {self.reason}"

    def _where(self) -> str:
        return f"at {self.path}: " if self.path else ""

    def below(self, step: str, holder: object) -> UnencodableError:
        """Return this error as seen one level further out.

        Args:
            step: What leads from the outer value to the inner one, such as ``"[3]"`` or ``".lock"``.
            holder: The outer value.
        """
        return type(self)(step + self.path, *self.args[1:])


class FileError(UnencodableError, OSError):
    """A ``File`` or ``Folder`` is not there or cannot be read, so that it has no content to count.

    Args:
        path: Where it sits inside a value; empty for the value itself.
        type_name: ``"File"`` or ``"Folder"``.
        reason: What is the matter, as the rest of a sentence.
        file: Its path.
    """

    file: str

    __reduce__ = FactError.__reduce__  # this one never had a state

    @property
    def absent(self) -> bool:
        """Whether there is nothing at its place."""
        return self.reason.startswith("there is no such")

    def sentence(self) -> str:
        """Return its place in the value, its path, and what is the matter."""
        return f"{self._where()}{self.type_name} {self.file}: {self.reason}"


class FingerprintGapError(KeysError, ValueError):
    """Some code holds what a fingerprint cannot follow, and a strict one was asked for.

    Args:
        name: Name of the code.
        gaps: Reasons by what could not be followed.
    """

    name: str
    gaps: dict[str, str]

    def sentence(self) -> str:
        """Return the gaps, one a line."""
        lines = [f"{name}: {reason}" for name, reason in self.gaps.items()]
        return f"the fingerprint of {self.name} has gaps; name them in ignore=, or do without:\n  " + "\n  ".join(lines)


class TooDeepError(UnencodableError):
    """The nesting went past the limit: the value is deep, or contains itself."""


for _error in (KeysError, UnencodableError, FileError, FingerprintGapError):
    _error.__module__ = "pyperunner_keys._errors"  # under which keys and stored pickles know them
