"""Keys: what the hash of a task is made of, as far as it is known, and the hash itself.

The hash is the digest of: format, class name, tag, digests of the params, named inputs (each task in its place stood
for by its hash), code fingerprint, hashes of the connected parents in order, and the environment variables among its
options and the seeds of random numbers, where any were given. Params and inputs count in the order of their names, but
for those that a ``**kwargs`` takes; the dicts in them in their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import TYPE_CHECKING, Any, Protocol

from pyperunner_dag.errors import CodeGapError, FileParamError, UnhashableParamError
from pyperunner_dag.identity.code import CodeReader, counted_options
from pyperunner_dag.identity.presence import presence
from pyperunner_dag.identity.seeds import counted_seeds
from pyperunner_dag.identity.summaries import short
from pyperunner_dag.inputs import ATOMS, holds_task, is_task, leaves, task_of
from pyperunner_dag.options import code_options
from pyperunner_dag.outputs.elements import Element
from pyperunner_dag.run_method import method_of
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag.options import Options
    from pyperunner_dag.schema import InputPart, KeyParts, OwnParts
    from pyperunner_keys import FileState, Fingerprint, Snapshot

__all__ = ["Keyed", "TaskKey", "digests_of", "hash_in_one_run"]

TASK = "pyperunner/task"
SCOPED = "pyperunner/task in one run/1"

NONE: dict[str, Any] = {}
"""What most tasks have of files and named inputs; they share it, and none changes it."""


class Keyed(Protocol):
    """What a key asks of its task."""

    name: str
    tag: str
    params: dict[str, Any]
    inputs: Mapping[str, Any]
    options: Options
    identity: TaskKey
    outputs: tuple[str, ...]
    mapping: Any
    of: Any

    @property
    def own_name(self) -> str:
        """Name without what tells it from others of that name in one graph."""
        ...

    @property
    def key(self) -> str:
        """Key of its output."""
        ...

    @property
    def task_name(self) -> str:
        """Name of the task's class."""
        ...

    @property
    def parents(self) -> Sequence[Keyed]:
        """Connected parents, in order."""
        ...

    @property
    def given(self) -> Sequence[Any]:
        """Connected parents, or parts of them, in order."""
        ...

    @property
    def upstream(self) -> Sequence[Keyed]:
        """All tasks that it needs."""
        ...

    @property
    def children(self) -> Sequence[Keyed]:
        """All tasks that need it."""
        ...


class TaskKey:
    """What makes the hash of a task, as far as it is known. Every task holds one, and gives itself to its methods.

    Attributes:
        hash: The hash; ``None`` until it is computed, and again when something that it counts has changed.
        digests: Digests of the params by name, empty where files have to be read first.
        files: States of the files among the params, and in plain values of named inputs, by where they stand.
        inputs: What the named inputs count by.
        code: Fingerprint of the code, once it was needed.
        snapshot: What it was read from; ``None`` in another process than that, until the code was read there.
        traits: What of the code another process finds by its name; there only.
        faults: What had changed already when the key was sent to another process.
        is_fixed: Whether the hash is no longer asked for what it is now: that of a copy for another process.
        defaults: What counts of the code where the task's own options do not say so.
        seeds: Seeds that the program had given when the hash was made, as far as this process knows.
        is_open: Whether the key of the output depends on what something upstream is mapped over, or on what of it the
            store has (``rerun="never"``); ``hash`` does not.
        entry: The hash in that key, once it is known.
        may_be_absent: Whether a condition, its own or one upstream, may decide that it has nothing to do.
        is_absent: Whether one has decided so; what follows from it does not count it.
        entry_of: Hash of the task as it is written for which it is known.
        unloaded: Source files of the code that no module was loaded from when the hash was made; ``None`` in another
            process than that.
    """

    __slots__ = (
        *("_read", "code", "defaults", "digests", "entry", "entry_of", "faults", "files", "hash", "inputs"),
        *("is_absent", "is_fixed", "is_open", "may_be_absent", "seeds", "snapshot", "traits", "unloaded"),
    )

    def __init__(self) -> None:
        self.hash: str | None = None
        self.digests: dict[str, str] = NONE
        self.files: dict[str, list[FileState]] = NONE
        self.inputs: dict[str, InputPart] = NONE
        self.code: Fingerprint | None = None
        self.snapshot: Snapshot | None = None
        self.traits: dict[str, set[str]] | None = None
        self.faults: tuple[str, ...] = ()
        self.is_fixed = False
        self.is_open = self.is_absent = self.may_be_absent = False
        self.entry: str | None = None
        self.entry_of: str | None = None
        self.defaults: Options | None = None
        self.seeds: Mapping[str, int | str] = NONE
        self.unloaded: tuple[str, ...] | None = None
        self._read: tuple[object, ...] | None = None

    def __getstate__(self) -> tuple[object, ...]:
        """Leave behind what holds in this process only: which modules were loaded."""
        traits = self.traits if self.snapshot is None else self.snapshot.traits
        known = (self.hash, self.digests, self.files, self.inputs, self.code, self.defaults, self._read)
        return *known, traits, self.faults, self.is_fixed, self.is_open, self.entry, self.entry_of

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.hash, self.digests, self.files, self.inputs, self.code, self.defaults, self._read = state[:7]
        later = (None, (), False, False, None, None)
        known = (*state[7:], *later[len(state) - 7 :])
        self.traits, self.faults, self.is_fixed, self.is_open, self.entry, self.entry_of = known
        self.seeds, self.snapshot, self.unloaded = NONE, None, None
        self.is_absent = self.may_be_absent = False

    def take(self, digests: dict[str, str], values: tuple[object, ...] | None) -> None:
        """Take new params.

        Args:
            digests: Their digests, see ``digests_of``.
            values: The params, if no value among them holds others or can change.
        """
        self.digests, self.files, self.inputs = digests, NONE, NONE
        self._read = values

    def read(self, task: Keyed) -> None:
        """Digest the params as they are now, files included."""
        found = {name: _digest(task, name, value) for name, value in task.params.items()}
        self.digests = {name: digest for name, (digest, _) in found.items()}
        self.files = {name: files for name, (_, files) in found.items() if files} or NONE
        values = tuple(task.params.values())
        self._read = values if not task.inputs and ATOMS.issuperset(map(type, values)) else None

    def is_as_read(self, params: Mapping[str, object]) -> bool:
        """Say whether no param can have changed since all were read: they are the same, and of no kind that changes."""
        read = self._read
        return read is not None and params.keys() == self.digests.keys() and all(map(is_, read, params.values()))

    def changed_params(self, task: Keyed) -> list[str]:
        """Return the names of the params that are not what they were when they were read."""
        if self._read is not None or not self.is_read:
            return []
        return [name for name, value in task.params.items() if _digest(task, name, value)[0] != self.digests.get(name)]

    @property
    def is_read(self) -> bool:
        """Whether all params have a digest, because none of them holds a file that was not read yet."""
        return "" not in self.digests.values()

    def compute(self, task: Keyed, codes: CodeReader) -> str:
        """Make the hash of what is known, having read what is not; the task's upstream must have hashes.

        Raises:
            CodeGapError: Something in the code cannot be followed, and the options say ``strict=True``.
            FileParamError: A file or folder among the params is not there or cannot be read.
        """
        if not self.is_read:
            self.read(task)
        code = self.renew(task, codes)
        if code.gaps and code_options(task.options, self.defaults).strict:
            raise CodeGapError(task.task_name, task.tag, code.gaps)
        self.unloaded, self.seeds = codes.unloaded(code), codes.seeds
        self.may_be_absent, lacks_some = presence(task)
        self.is_open = task.mapping is not None or (
            task.of is None
            and (task.options.rerun == "never" or lacks_some or any(up.identity.is_open for up in task.upstream))
        )
        made = self._digest(task, entries=task.of is not None)
        if made != self.entry_of:
            self.entry, self.entry_of = None, made
        self.hash = made
        if self.is_open and self.entry is None and task.mapping is None and _are_known(task.upstream):
            self.resolve(task)
        return made

    @property
    def counted(self) -> str | None:
        """What successors count by in their keys: the hash in the task's own key; ``None`` where it is not known."""
        return self.entry if self.is_open else self.hash

    def resolve(self, task: Keyed) -> str:
        """Make the hash in the key of an open task, whose upstream is known by now."""
        self.entry = self._digest(task, entries=True)
        return self.entry

    def _digest(self, task: Keyed, *, entries: bool) -> str:
        """Return the digest of what is known.

        Args:
            task: The task.
            entries: Whether what is upstream counts by what is in its key, or as it is written.
        """
        import pyperunner_keys as keys

        if task.inputs:
            self._read_inputs(task, entries)
        given = [source for source in task.given if not (entries and source.identity.is_absent)]
        parents = [_counted(source, entries) for source in given]
        env = [dict(sorted(task.options.env.items()))] if task.options.env else []
        seeds = counted_seeds(task.options, self.seeds)
        in_order = method_of(type(task)).in_order
        own = [task.task_name, task.tag, in_order(self.digests), in_order(self.inputs), self.code_digest, parents]
        several: list[Any] = [["outputs", list(task.outputs)]] if task.outputs else []
        if task.mapping is not None:
            several.append(["map", *task.mapping.counted()])
        counted = [TASK, keys.KEY_FORMAT, *own, *env, *([["seeds", seeds]] if seeds else []), *several]
        return keys.digest(counted) if task.inputs else keys.digest_texts(counted)  # inputs may be nested deep

    @property
    def code_digest(self) -> str:
        """Digest of the code that was read last."""
        return "" if self.code is None else self.code.digest

    def fingerprint(self, task: Keyed, codes: CodeReader | None = None) -> Fingerprint:
        """Return the fingerprint of the code; once read, it stays."""
        return self.renew(task, codes or CodeReader()) if self.code is None else self.code

    def renew(self, task: Keyed, codes: CodeReader) -> Fingerprint:
        """Return the fingerprint of the code as it is now."""
        now, before = codes.snapshot(type(task), task.options, self.defaults), self.snapshot
        if before is now and self.code is not None:
            return self.code
        if before is not None:
            same = before.fingerprint.digest == now.fingerprint.digest
        else:  # a copy from another process, where its code has another form
            same = self.traits is not None and not now.differences(self.traits)
        if not same or self.code is None:
            self.code = now.fingerprint
        self.snapshot, self.traits = now, None
        return self.code

    def forget_code(self) -> None:
        """Forget what is known of the code, because other options say what of it counts."""
        self.code = self.snapshot = self.traits = None

    def _read_inputs(self, task: Keyed, entries: bool) -> None:
        files: dict[str, list[FileState]] = {}
        self.inputs = {name: _input_part(task, name, value, files, entries) for name, value in task.inputs.items()}
        self.files = {place: states for place, states in {**self.files, **files}.items() if states} or NONE

    def parts(self, task: Keyed) -> KeyParts:
        """Return what the hash is made of, in builtins."""
        from pyperunner_keys import KEY_FORMAT

        code = self.fingerprint(task)
        return {
            "format": KEY_FORMAT,
            "task": task.task_name,
            "tag": task.tag,
            **self.own_parts(task),
            "inputs": dict(self.inputs),
            "code": {"digest": code.digest, "root": code.root, "parts": dict(code.parts)},
            "parents": [
                [_counted_name(source), source.identity.counted or source.identity.hash or ""]
                for source in task.given
                if not source.identity.is_absent
            ],
        }

    def own_parts(self, task: Keyed) -> OwnParts:
        """Return what of the key is the task's own and not its code, in builtins."""
        found: OwnParts = {
            "params": dict(self.digests),
            "values": {name: short(value) for name, value in task.params.items()},
        }
        if self.files:
            found["files"] = {
                place: {visible(state.label): state.digest for state in states} for place, states in self.files.items()
            }
        if env := dict(task.options.env):
            found["env"] = env
        if options := {**counted_options(task.options, self.defaults), **counted_seeds(task.options, self.seeds)}:
            found["options"] = options
        if packages := dict(self.fingerprint(task).versions):
            found["packages"] = packages
        return found


def digests_of(task: Keyed, params: Mapping[str, object], inputs: Mapping[str, object]) -> dict[str, str]:
    """Return the digests of ``params``, empty where files have to be read first; try the plain values in ``inputs``.

    Raises:
        UnhashableParamError: One has none; the error names task, tag and the place inside the param.
    """
    for name, value in inputs.items():
        for path, leaf in leaves(value):
            if not is_task(leaf):
                _digest(task, name + path, leaf, read=False)
    return {name: _digest(task, name, value, read=False)[0] for name, value in params.items()}


def _digest(task: Keyed, path: str, value: object, *, read: bool = True) -> tuple[str, list[FileState]]:
    """Return the digest of one param, and the files and folders in it.

    Args:
        task: Whose param it is.
        path: Where the value stands.
        value: The value.
        read: Whether files are read; where they are not, the digest of what holds some is empty.
    """
    import pyperunner_keys as keys

    if type(value) in ATOMS:
        return keys.digest(value), []
    try:
        digest, files = keys.digest_files(value, read=read)
    except keys.FileError as error:
        place = path + error.path
        raise FileParamError(task.task_name, task.tag, place, error.type_name, error.file, error.reason) from None
    except keys.UnencodableError as error:
        place = path + error.path.removesuffix(".__pyperunner_key__()")
        raise UnhashableParamError(task.task_name, task.tag, place, error.type_name, error.reason) from error
    return ("" if files and not read else digest), files


def _input_part(task: Keyed, path: str, value: Any, files: dict[str, list[FileState]], entries: bool) -> InputPart:
    """Return what a nesting of named inputs counts by; every level says what it is, so that no two look alike."""
    if isinstance(value, Element):
        return {"value": value.digest}
    if is_task(value):
        known = value.identity
        return {"task": [_counted_name(value), (known.counted if entries else known.hash) or ""]}
    from pyperunner_keys import digest

    if not holds_task(value):
        found, files[path] = _digest(task, path, value)
        return {"value": found}
    if type(value) is dict:
        items = value.items()
        return {
            "dict": {digest(key): _input_part(task, f"{path}[{key!r}]", item, files, entries) for key, item in items}
        }
    parts = [_input_part(task, f"{path}[{index}]", item, files, entries) for index, item in enumerate(value)]
    return {"list": parts} if type(value) is list else {"tuple": parts}


def _are_known(upstream: Sequence[Keyed]) -> bool:
    return all(up.identity.counted is not None for up in upstream)


def _counted_name(source: Any) -> str:
    """Return the name that an input counts with: of an element of a mapped task that of all of them."""
    return str(source.own_name)


def _counted(source: Any, entries: bool) -> Any:
    """Return what a connected parent counts by: its hash, and for a part of its output the path to it."""
    own = source.identity.counted if entries else source.identity.hash
    return own if source is task_of(source) else [own, [[type(key).__name__, key] for key in source.path]]


def hash_in_one_run(hash_of_task: str, run_id: str) -> str:
    """Return the hash under which one run keeps the output of a task whose output is kept for that run alone."""
    from pyperunner_keys import digest

    return digest([SCOPED, hash_of_task, run_id])
