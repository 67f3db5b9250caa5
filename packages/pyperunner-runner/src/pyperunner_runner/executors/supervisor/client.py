"""Client of a supervisor: the runner's end of the line."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import sys
import time
import warnings
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyperunner_dag.ports import SupportsFork
from pyperunner_runner.child.messages import FrameBuffer, pack
from pyperunner_runner.child.process import ChildRuntime
from pyperunner_runner.errors import StoreNotShareable, TaskNotPortable
from pyperunner_runner.executors.supervisor.descendants import Descendants
from pyperunner_runner.executors.supervisor.fresh import BeSupervisor
from pyperunner_runner.executors.supervisor.interpreter import start_python
from pyperunner_runner.executors.supervisor.launch import ForkLauncher, SpawnLauncher
from pyperunner_runner.executors.supervisor.preload import preload
from pyperunner_runner.executors.supervisor.protocol import (
    AreYouThere,
    ChildCommand,
    ChildEnded,
    ChildStarted,
    Launcher,
    LeaveChild,
    Obeyed,
    Report,
    Serving,
    ShowStacks,
    StartChild,
    StopChild,
    Unable,
)
from pyperunner_runner.executors.supervisor.server import Supervisor
from pyperunner_runner.executors.supervisor.silence import Silence
from pyperunner_runner.executors.supervisor.start_methods import choose_start_method
from pyperunner_runner.executors.supervisor.transport import (
    InterpreterState,
    PackedJob,
    TasksToPack,
    pack_job,
    pack_tasks,
)
from pyperunner_runner.processes import tree
from pyperunner_runner.processes.control_groups import ControlGroup
from pyperunner_runner.processes.forks import keep_from_forks

if TYPE_CHECKING:
    from pyperunner_runner.ports import Job, Session

__all__ = ["SupervisorClient"]

_READ_SIZE = 1 << 16
_END_SECONDS = (0.2, 1.0, 1.0)  # for the guard to end by itself, after a nudge, and when it was killed
_HELD = "of which each may hold a lock that a copy would wait for without end"


class SupervisorClient:
    """Starts a supervisor when it is first needed, tells it what to do and hears from it.

    Nothing here waits for it: what it does not take waits to be sent, what it does not do is done in its place, and
    when it owes an answer for too long it is taken for lost.

    Args:
        session: The run's tasks and store.

    Attributes:
        notes: What is to be said of the way in which processes are made, with the level of each line.
        unable: Why the supervisor can't make any child, if it has said so.
        was_fruitful: Whether it has made one.

    Raises:
        StoreNotShareable: A child could not reopen the store.
        UnknownStartMethod: There is no such start method.
        TaskNotPortable: A task can't be sent to a fresh interpreter, as the start method asks for.
    """

    def __init__(self, session: Session) -> None:
        self._socket: socket.socket | None = None
        if session.store_spec is None:
            raise StoreNotShareable(repr(session.store))
        self._spec = session.store_spec
        self._session = session
        self.notes: list[tuple[str, str]] = []
        self._method, self._pickled = self._prepare(session)
        self._one_store = isinstance(session.store, SupportsFork) and session.store.survives_fork
        self._mark = ""
        self._group = ControlGroup()
        self._guard = 0
        self.unable = ""
        self.was_fruitful = False
        self._forget()

    def _forget(self) -> None:
        self._frames = FrameBuffer()
        self._unsent: deque[tuple[bytes, list[int]]] = deque()
        self._silence = Silence(time.monotonic())
        self._worked = 0.0
        self._supervisor = 0
        self._children: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        self._left: set[str] = set()

    def _prepare(self, session: Session) -> tuple[str, dict[str, bytes]]:
        """Return how processes are made, and the tasks in the form in which that needs them."""
        method, asked, threads = choose_start_method(session.start_method)
        if method == "fork":
            if threads:
                self._warn(f"start_method='fork' was asked for beside threads, {_HELD} ({threads})")
            return method, {}
        try:
            pickled = pack_tasks(session.tasks, method)
        except TaskNotPortable as error:
            if asked or not threads:
                raise
            self._warn(
                f"processes are copies of this program although it has threads, {_HELD} ({threads}), because "
                f"{error.task} can't be sent to a fork server: {error.part} can't be pickled ({error.cause})"
            )
            return "fork", {}
        if threads:
            self.notes.append(
                ("INFO", f"processes come from a fork server, because this program has threads: {threads}")
            )
        return method, pickled

    def _warn(self, text: str) -> None:
        self.notes.append(("WARNING", text))
        warnings.warn(text, RuntimeWarning, stacklevel=2)

    @property
    def is_open(self) -> bool:
        """Whether there is a supervisor."""
        return self._socket is not None

    @property
    def has_unsent(self) -> bool:
        """Whether ``flush`` has something to send."""
        return bool(self._unsent)

    def open(self) -> None:
        """Start the supervisor."""
        ours, theirs = socket.socketpair()
        self._forget()
        self.was_fruitful = False
        self._mark = f"{os.getpid()}.{secrets.token_hex(4)}"
        self._group = ControlGroup.make(f"pyperunner.{self._mark}")
        keep_from_forks(ours)
        try:
            with theirs:
                self._guard = self._fork(theirs) if self._method == "fork" else self._start_fresh(theirs)
        except BaseException:
            self._group.remove()
            raise
        ours.setblocking(False)
        self._socket = ours

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return -1 if self._socket is None else self._socket.fileno()

    def pack(self, job: Job) -> PackedJob:
        """Make a job ready to be sent to a child.

        Raises:
            TaskNotPortable: It brings a task along that can't be pickled.
        """
        return pack_job(job, self._method, self._session.tasks)

    @property
    def makes_copies(self) -> bool:
        """Whether children are copies of the supervisor."""
        return self._method != "spawn"

    def start(self, name: str, command: ChildCommand, fds: Iterable[int], launcher: Launcher | None = None) -> None:
        """Ask for a child that does what ``command`` says and has ``fds``, which are closed here.

        Args:
            name: Its name.
            command: What it does.
            fds: Its descriptors.
            launcher: Makes it, where the supervisor is not to do so in its own way.
        """
        if self._socket is None:
            raise RuntimeError("there is no supervisor")
        self._unsent.append((pack(StartChild(name, command, launcher)), list(fds)))
        self.flush()

    def fresh_interpreter(self, command: ChildCommand) -> Launcher:
        """Return what makes a child that is no copy of anything.

        Args:
            command: What it will do.

        Raises:
            TaskNotPortable: A task that it needs can't be pickled.
        """
        known = self._pickled or TasksToPack(self._session.tasks, "spawn")
        return SpawnLauncher(dict(command.tasks(known)), InterpreterState.of(self._session.tasks.values(), self._spec))

    def show_stacks(self, name: str) -> None:
        """Have a child that has not begun yet write to its standard error where it is."""
        self._ask(ShowStacks(name))

    def stop(self, name: str, *, kill: bool) -> None:
        """Ask for a signal to a child's whole process tree."""
        if self._socket is not None:
            self._asked[name] = signal.SIGKILL if kill else signal.SIGTERM
            self._ask(StopChild(name, kill), kill=kill)

    def leave(self, name: str) -> int | None:
        """Hear no more of a child that was killed; return its process, or ``None`` if there is none."""
        self._asked.pop(name, None)
        pid = self._children.pop(name, None)
        if pid is not None:
            self._left.add(name)
            self._ask(LeaveChild(name))
        return pid

    def flush(self) -> None:
        """Send what has not been sent yet, as much of it as the line takes."""
        while self._unsent and self._socket is not None:
            data, fds = self._unsent[0]
            try:
                sent = socket.send_fds(self._socket, [data], fds) if fds else self._socket.send(data)
            except BlockingIOError:
                return
            except OSError:  # it is gone, which ``receive`` will say
                sent = len(data)
            for fd in fds:
                os.close(fd)
            self._unsent.popleft()
            if sent < len(data):
                self._unsent.appendleft((data[sent:], []))

    def receive(self) -> list[Report] | None:
        """Return what the supervisor has said; ``None`` if it is gone."""
        if self._socket is None:
            return []
        try:
            data = self._socket.recv(_READ_SIZE)
        except BlockingIOError:
            return []
        except ConnectionResetError:
            data = b""
        return [word for word in self._frames.feed(data) if self._hear(word)] if data else None

    def _hear(self, word: Report | Serving | Obeyed | Unable) -> bool:
        """Take note of what the supervisor says; return whether it is about a child."""
        if isinstance(word, Obeyed):
            self._silence.answer(time.monotonic())
            self._left.discard(word.left)
            return False
        if isinstance(word, ChildEnded) and word.name in self._left:
            return False  # it has ended at last, before the supervisor heard that it was left
        if isinstance(word, Serving):
            self._supervisor = word.pid
            return False
        if isinstance(word, Unable):
            self.unable = word.why
            return False
        if isinstance(word, ChildStarted):
            self.was_fruitful = True
            self._children[word.name] = word.pid
        else:
            self._children.pop(word.name, None)
            self._asked.pop(word.name, None)
        return True

    # -- a supervisor that does not answer -------------------------------------------------------------------------

    def patience(self, timeout: float | None) -> float | None:
        """Return how long to wait for the supervisor, out of ``timeout`` seconds, before ``is_lost`` is asked again."""
        if self._socket is None:
            return timeout
        left = self._silence.seconds_left(time.monotonic())
        return left if timeout is None else min(left, timeout)

    def is_lost(self) -> bool:
        """Whether the supervisor owes an answer for too long; before that, what it was asked is done in its place."""
        if self._socket is None:
            return False
        now = time.monotonic()
        found = self._silence.look(now, works=self._silence.is_due(now) and self._works())
        if found == "ask":
            self._ask(AreYouThere())
        elif found == "act":
            self._nudge()
            in_its_place = Descendants(self._mark, self._supervisor)
            for name, signum in self._asked.items():
                if self._supervisor and name in self._children:
                    in_its_place.signal(name, self._children[name], signum)
        return found == "lost"

    def _works(self) -> bool:
        """Whether the supervisor has had a processor since this was asked last: on a slow machine it just takes long.

        Before it makes its first child, what it imports in processes that are thrown away is its work, too; who wants
        to end the run does not wait for that.
        """
        if not self.was_fruitful and signal.SIGKILL in self._asked.values():
            return False
        family = [self._supervisor] if self.was_fruitful else [self._guard, *tree.descendants(self._guard)]
        before, self._worked = self._worked, tree.processor_seconds(family)
        return self._worked != before

    def _ask(self, question: StopChild | LeaveChild | ShowStacks | AreYouThere, *, kill: bool = False) -> None:
        if not self._silence.is_owed:
            self._works()  # from now on
        self._silence.ask(time.monotonic(), kill=kill)
        self._unsent.append((pack(question), []))
        self.flush()
        self._nudge()

    def _nudge(self) -> None:
        """Let it go on, if somebody has stopped it."""
        if self._supervisor:
            tree.send(self._supervisor, signal.SIGCONT, {self._guard})

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
        for _, fds in self._unsent:
            for fd in fds:
                os.close(fd)
        self._end_guard(lost=lost)
        self._group.remove()
        if lost:
            tree.end_marked(f"{self._mark}:")
        self._forget()

    def _end_guard(self, *, lost: bool) -> None:
        """Wait for the guard, which ends when all is over; see to it where it does not."""
        by_itself, nudged, killed = _END_SECONDS
        if lost:
            self._group.kill()
        if not self._silence.is_final:
            if tree.reap([self._guard], by_itself):
                return
            tree.signal_tree(self._guard, signal.SIGCONT)
        if self._silence.is_final or not tree.reap([self._guard], nudged):
            self._group.kill()
            tree.signal_tree(self._guard, signal.SIGKILL)
            tree.reap([self._guard], killed)

    def _fork(self, theirs: socket.socket) -> int:
        supervisor = Supervisor(theirs, self._mark, self._copies, self._group)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # it is closed, its reader has gone, its disk is full, it is no file
                stream.flush()
        with warnings.catch_warnings():
            # Python warns of forking beside threads. This is the one such fork of a run, the supervisor uses no lock
            # that another thread could have held, and Python's own locks are made new in it.
            warnings.simplefilter("ignore", DeprecationWarning)
            runner = os.getpid()
            pid = os.fork()
        if pid == 0:
            supervisor.serve(runner)
        return pid

    def _copies(self) -> Launcher:
        preload(self._session.preload)
        store = self._session.store if self._one_store else None
        return ForkLauncher(ChildRuntime(self._session.tasks, self._spec, store))

    def _start_fresh(self, theirs: socket.socket) -> int:
        state = InterpreterState.of(self._session.tasks.values(), self._spec)
        preloaded = tuple(self._session.preload)
        begin = BeSupervisor(self._method, self._pickled, self._one_store, self._mark, preloaded, self._group)
        return start_python(state, begin, [theirs.fileno()])
