"""Log tail: the last lines of a log, read from its end."""

from __future__ import annotations

import os

from pyperunner_results.files import open_regular
from pyperunner_results.log_lines import parse_line

__all__ = ["tail_text"]

_BYTES_PER_LINE = 4096


def tail_text(path: str, lines: int) -> str:
    """Return the text of the last ``lines`` log lines of the file at ``path``, without their heads.

    At most 4 KiB per line are read, so a line of a gigabyte shows its end only.
    """
    with open_regular(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - lines * _BYTES_PER_LINE))
        text = file.read().decode(errors="replace")
    last = text.split("\n")[:-1][-lines:] if lines > 0 else []
    return "\n".join(fields.text if (fields := parse_line(line)) else line for line in last)
