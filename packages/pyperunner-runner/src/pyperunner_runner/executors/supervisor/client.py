"""Client of a supervisor: the runner's end of the line."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyperunner_dag import reopen_store
from pyperunner_dag.ports import SupportsFork
from pyperunner_runner.child.messages import FrameBuffer, pack
from pyperunner_runner.child.process import ChildRuntime
from pyperunner_runner.errors import StoreNotShareable
from pyperunner_runner.executors.supervisor.interpreter import start_python
from pyperunner_runner.executors.supervisor.launch import ForkLauncher, SpawnLauncher
from pyperunner_runner.executors.supervisor.protocol import ChildCommand, Report, StartChild, StopChild
from pyperunner_runner.executors.supervisor.server import Launcher, Supervisor
from pyperunner_runner.executors.supervisor.start_methods import start_method
from pyperunner_runner.executors.supervisor.transport import (
    InterpreterState,
    PackedJob,
    PickledTasks,
    pack_job,
    pack_tasks,
)
from pyperunner_runner.processes import tree

if TYPE_CHECKING:
    from pyperunner_runner.ports import Job, Session

__all__ = ["SupervisorClient"]

_READ_SIZE = 1 << 16


class SupervisorClient:
    """Starts a supervisor when it is first needed, tells it what to do and hears from it.

    Args:
        session: The run's tasks and store.

    Raises:
        StoreNotShareable: A child could not reopen the store.
        UnknownStartMethod: There is no such start method.
        TaskNotPortable: A task can't be sent to a fresh interpreter, as the start method asks for.
    """

    def __init__(self, session: Session) -> None:
        self._socket: socket.socket | None = None
        self._method = start_method(session.start_method)
        if session.store_spec is None:
            raise StoreNotShareable(repr(session.store))
        self._spec = session.store_spec
        self._session = session
        self._pickled = {} if self._method == "fork" else pack_tasks(session.tasks, self._method)
        self._one_store = isinstance(session.store, SupportsFork) and session.store.survives_fork
        self._frames = FrameBuffer()
        self._pid = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a supervisor."""
        return self._socket is not None

    def open(self) -> None:
        """Start the supervisor."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._pid = self._fork(ours, theirs) if self._method == "fork" else self._start_fresh(theirs)
        self._socket = ours

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return -1 if self._socket is None else self._socket.fileno()

    def pack(self, job: Job) -> PackedJob:
        """Make a job ready to be sent to a child.

        Raises:
            TaskNotPortable: It brings a task along that can't be pickled.
        """
        return pack_job(job, self._method)

    def start(self, name: str, command: ChildCommand, fds: Iterable[int]) -> None:
        """Ask for a child that does what ``command`` says and has ``fds``, which are closed here."""
        if self._socket is None:
            raise RuntimeError("there is no supervisor")
        fds = list(fds)
        try:
            socket.send_fds(self._socket, [pack(StartChild(name, command))], fds)
        finally:
            for fd in fds:
                os.close(fd)

    def stop(self, name: str, *, kill: bool) -> None:
        """Ask for a signal to a child's whole process tree."""
        if self._socket is not None:
            self._socket.sendall(pack(StopChild(name, kill)))

    def receive(self) -> list[Report] | None:
        """Return what the supervisor has said; ``None`` if it is gone."""
        if self._socket is None:
            return []
        try:
            data = self._socket.recv(_READ_SIZE)
        except ConnectionResetError:
            data = b""
        return list(self._frames.feed(data)) if data else None

    def close(self, *, lost: bool = False) -> None:
        """Let go of the supervisor, which ends everything when it sees this end closed.

        Args:
            lost: It has died, so whatever its tasks have started must be looked for.
        """
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            # Closing alone is not seen while anybody has a copy, such as that of another run in this process.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._socket = None
        self._frames = FrameBuffer()
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:  # the user's own program collects every child
            pass
        if lost:
            tree.end_marked(f"{self._pid}.")

    def _fork(self, ours: socket.socket, theirs: socket.socket) -> int:
        supervisor = Supervisor(theirs, self._copies)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        with warnings.catch_warnings():
            # Python warns of forking beside threads. This is the one such fork of a run, the supervisor uses no lock
            # that another thread could have held, and Python's own locks are made new in it.
            warnings.simplefilter("ignore", DeprecationWarning)
            runner = os.getpid()
            pid = os.fork()
        if pid == 0:
            ours.close()
            supervisor.serve(runner)
        return pid

    def _copies(self) -> Launcher:
        store = self._session.store if self._one_store else None
        return ForkLauncher(ChildRuntime(self._session.tasks, self._spec, store))

    def _start_fresh(self, theirs: socket.socket) -> int:
        state = InterpreterState.of(self._session.tasks.values(), self._spec)
        return start_python(state, _BeSupervisor(self._method, self._pickled, self._one_store), [theirs.fileno()])


@dataclass(frozen=True)
class _BeSupervisor:
    """Be a supervisor that is not a copy of the runner."""

    method: str
    pickled: dict[str, bytes]
    one_store: bool

    def __call__(self, state: InterpreterState, fds: tuple[int, ...]) -> None:
        def copies() -> Launcher:
            state.preload()
            store = reopen_store(state.spec) if self.one_store else None
            return ForkLauncher(ChildRuntime(PickledTasks(self.pickled), state.spec, store))

        def interpreters() -> Launcher:
            return SpawnLauncher(self.pickled, state)

        with socket.socket(fileno=fds[0]) as control:
            Supervisor(control, copies if self.method == "forkserver" else interpreters).serve(os.getppid())
