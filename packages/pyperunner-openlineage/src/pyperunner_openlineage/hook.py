"""Hook: hears that a run begins and starts the process that tells OpenLineage of it.

The runner itself sends nothing. A process of its own follows the record of the run and sends what it says, so that a
slow server takes no time of the run.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_openlineage.configuration import is_configured
from pyperunner_runner.events import RunEvent, RunFinished, RunStarted
from pyperunner_text.errors import FactError

if TYPE_CHECKING:
    import subprocess

__all__ = ["LineageIncomplete", "OpenLineageHook"]

_FOLLOW = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; from pyperunner_openlineage.follower import main; main()"
)


class LineageIncomplete(FactError, RuntimeError):
    """OpenLineage was not told all of a run; the run itself is complete.

    Args:
        reason: What was in the way.
    """

    reason: str
    template = "OpenLineage was not told all of this run: {reason}. The run itself is not affected."


class OpenLineageHook:
    """Tells OpenLineage of a run, if it is configured; false if it is not.

    Args:
        wait: Seconds that the end of a run waits for what is still to be sent; by default
            ``PYPERUNNER_OPENLINEAGE_WAIT``, or 5.
    """

    def __init__(self, wait: float | None = None) -> None:
        self._wait = float(os.environ.get("PYPERUNNER_OPENLINEAGE_WAIT") or 5.0) if wait is None else wait
        self._follower: subprocess.Popen[bytes] | None = None

    def __bool__(self) -> bool:
        return is_configured()

    def __repr__(self) -> str:
        return "OpenLineage"

    def __call__(self, event: RunEvent) -> None:
        """Hear an event of the run.

        Raises:
            LineageIncomplete: Not everything was sent.
        """
        if isinstance(event, RunStarted) and self:
            self._follower = _start(event.run_folder)
        elif isinstance(event, RunFinished) and self._follower is not None:
            follower, self._follower = self._follower, None
            _end(follower, self._wait)


def _start(run_folder: str) -> subprocess.Popen[bytes]:
    """Start the process that follows a run, in a session of its own: Ctrl-C is for the run."""
    import subprocess

    try:
        return subprocess.Popen(
            [sys.executable, "-c", _FOLLOW, str(Path(run_folder).absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise LineageIncomplete(f"no process could be started for it ({error})") from None


def _end(follower: subprocess.Popen[bytes], wait: float) -> None:
    """Wait until everything is sent, but not for ever."""
    import subprocess

    try:
        said = follower.communicate(b"end\n", timeout=wait)[0].decode("utf-8", "replace").strip()
    except subprocess.TimeoutExpired:
        follower.kill()
        follower.communicate()
        raise LineageIncomplete(f"the server had not taken it {wait:g} s after the end of the run") from None
    if said:
        raise LineageIncomplete(said)
    if follower.returncode:
        number = follower.returncode
        how = signal.Signals(-number).name if number < 0 else f"exit code {number}"
        raise LineageIncomplete(f"the process that sends it ended early ({how})")
