"""Errors that end a command which can't do what was asked.

CommandError           what was asked can't be done; its text is a sentence for the user
UserCodeError          code of the user raised; carries the exception whose traceback is shown
"""

from __future__ import annotations

__all__ = ["CommandError", "UserCodeError"]


class CommandError(Exception):
    """What was asked can't be done; the text says why and what to do. The command exits with 2."""


class UserCodeError(Exception):
    """Code of the user raised while it was loaded or called. The command shows that traceback and exits with 2.

    Args:
        error: The user's exception.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error
