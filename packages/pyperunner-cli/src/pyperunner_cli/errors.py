"""Errors that end a command which can't do what was asked.

CommandError           what was asked can't be done; its text is a sentence for the user
UserCodeError          code of the user raised; carries the exception whose traceback is shown
"""

from __future__ import annotations

import re

__all__ = ["CommandError", "UserCodeError", "in_words_of_the_command"]


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


def in_words_of_the_command(error: Exception) -> str:
    """Return the text of a library's error with the command's option in the place of the call that sets it."""
    return re.sub(r"(c|C)all set_data_path\(…\)( with its path or URL)?", _option, str(error))


def _option(call: re.Match[str]) -> str:
    return f"{'G' if call[1] == 'C' else 'g'}ive its path or URL with --data-path"
