"""The cache key of a task, computed once over a whole graph without recursion.

``hash()`` is the digest of: format, class name, tag, digests of the params, named inputs (each task in its place stood
for by its hash), code fingerprint, hashes of the connected parents in order, and the environment variables among its
options, where there are any. A hashed task has only hashed ancestors, so forgetting walks through hashed descendants
alone and costs no more than hashing them did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import is_
from typing import TYPE_CHECKING, Any

from pyperunner_dag.dag import DAG, cycle, reachable
from pyperunner_dag.errors import CycleError, FileParamError, UnhashableParamError
from pyperunner_dag.identity.code import CodeReader, code_of, options_of_code
from pyperunner_dag.identity.summaries import short
from pyperunner_dag.inputs import ATOMS, holds_task, is_task, leaves
from pyperunner_dag.options import NO_OPTIONS
from pyperunner_dag.stores.outputs import files_in
from pyperunner_dag.text import visible

if TYPE_CHECKING:
    from pyperunner_dag.options import Options
    from pyperunner_dag.tasks import Task
    from pyperunner_keys import FileState

__all__ = [
    "bind",
    "check_params",
    "entry_hash",
    "forget",
    "hash_all",
    "hash_of",
    "key_parts",
    "own_parts",
    "refresh_hashes",
]

FORMAT = "pyperunner/task/1"
SCOPED = "pyperunner/task in one run/1"


def _digest_param(task: Task, path: str, value: Any, *, read: bool = True) -> tuple[str, list[FileState]]:
    """Return the digest of one param, and the files and folders in it.

    Args:
        task: Whose param it is.
        path: Where the value stands.
        value: The value.
        read: Whether files are read; where they are not, the digest of what holds some is empty.

    Raises:
        UnhashableParamError: It has none; the error names task, tag and the place inside the param.
        FileParamError: A file or folder in it is not there or cannot be read.
    """
    import pyperunner_keys as keys  # this form costs next to nothing where it is there already

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


def check_params(task: Task, params: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of ``params``, empty where files have to be read first; try the plain values in ``inputs``."""
    for name, value in inputs.items():
        for path, leaf in leaves(value):
            if not is_task(leaf):
                _digest_param(task, name + path, leaf, read=False)
    return {name: _digest_param(task, name, value, read=False)[0] for name, value in params.items()}


def _read_params(task: Task) -> None:
    """Digest the params as they are now, files included, and keep the states of those."""
    found = {name: _digest_param(task, name, value) for name, value in task.params.items()}
    task._digests = {name: digest for name, (digest, _) in found.items()}
    task._file_states = {name: files for name, (_, files) in found.items() if files}
    values = tuple(task.params.values())
    task._read = values if not task.inputs and ATOMS.issuperset(map(type, values)) else None


def _read_ahead(tasks: Iterable[Task]) -> None:
    """Read the files of tasks that were never hashed all at once, which is faster than one by one."""
    waiting = [task for task in tasks if "" in task._digests.values()]
    if waiting:
        from pyperunner_keys import look_ahead

        look_ahead(item for task in waiting for item in files_in(list(task.params.values())))


def _input_parts(task: Task, path: str, value: Any) -> Any:
    """Return what a nesting of named inputs counts by; every level says what it is, so that no two look alike."""
    if is_task(value):
        return {"task": [value.name, value._hash]}
    from pyperunner_keys import digest

    if not holds_task(value):
        found, task._file_states[path] = _digest_param(task, path, value)
        return {"value": found}
    if type(value) is dict:
        return {"dict": {digest(key): _input_parts(task, f"{path}[{key!r}]", item) for key, item in value.items()}}
    kind = "list" if type(value) is list else "tuple"
    return {kind: [_input_parts(task, f"{path}[{index}]", item) for index, item in enumerate(value)]}


def _compute(task: Task, codes: CodeReader) -> str:
    """Return the hash of a task whose upstream is hashed."""
    import pyperunner_keys as keys

    if "" in task._digests.values():
        _read_params(task)
    inputs = {name: _input_parts(task, name, value) for name, value in task.inputs.items()} if task.inputs else {}
    if inputs:
        task._input_parts = inputs
    parents = [parent._hash for parent in task._parents]
    env = [dict(task.options.env)] if task.options.env else []
    code = codes.digest_of(task)
    task._late = codes.late_of(task)
    return keys.digest([FORMAT, task.task_name, task.tag, task._digests, inputs, code, parents, *env])


def hash_of(task: Task) -> str:
    """Return the hash of ``task``, having hashed those of its ancestors that were not.

    Raises:
        CycleError: The task is its own ancestor.
    """
    if task._hash is not None:
        return task._hash
    codes = CodeReader()
    path, seen = [task], set()
    while path:
        node = path[-1]
        if node._hash is not None:  # it was needed by several
            path.pop()
            continue
        waiting = [up for up in (*node._parents, *node._inputs) if up._hash is None]
        if not waiting:
            node._hash = _compute(node, codes)
        elif node in seen:
            raise CycleError(up.name for up in cycle({up: up.upstream for up in reachable([task], _upstream)}))
        else:
            seen.add(node)
            path += waiting
    return task._hash or ""


def _upstream(task: Task) -> list[Task]:
    return task.upstream


def entry_hash(task: Task) -> str:
    """Return the hash under which the output is stored: the task's own, or one of its run where it is kept for that."""
    own = hash_of(task)
    if not task._scope or task.options.cache:
        return own
    from pyperunner_keys import digest

    return digest([SCOPED, own, task._scope])


def bind(dag: DAG[Task], defaults: Options) -> None:
    """Make ``defaults`` what counts of the code of those tasks of ``dag`` that do not say so themselves."""
    said = None if defaults == NO_OPTIONS else defaults
    for task in dag.nodes:
        if task._defaults is not said and task._defaults != said:
            task._code = None
            forget(task)
            task._defaults = said


def hash_all(dag: DAG[Task]) -> None:
    """Hash those tasks of ``dag`` that are not, in one pass."""
    tasks = [task for task in dag if task._hash is None]
    _read_ahead(tasks)
    _hash_in_order(tasks)


def _hash_in_order(tasks: Iterable[Task]) -> None:
    """Hash ``tasks``, each after its ancestors."""
    codes = CodeReader()
    for task in tasks:
        task._hash = _compute(task, codes)


def forget(task: Task) -> None:
    """Forget the hash of ``task`` and those of its descendants."""
    stack = [task] if task._hash is not None else []
    while stack:
        node = stack.pop()
        node._hash = None
        stack.extend(child for child in node._children if child._hash is not None)


def _is_as_read(task: Task) -> bool:
    """Say whether no param can have changed since all were read: they are the same, and not of a kind that changes."""
    read, params = task._read, task.params
    return read is not None and params.keys() == task._digests.keys() and all(map(is_, read, params.values()))


def refresh_hashes(dag: DAG[Task], defaults: Options | None = None) -> None:
    """Compute every hash of ``dag`` afresh, reading all params again; a code fingerprint that is known is kept.

    Args:
        dag: The graph.
        defaults: What counts of the code where a task does not say so itself (see ``code_options``); it stays with the
            tasks until they are hashed with others. ``None`` leaves it as it is.

    Raises:
        UnhashableParamError: A param was changed into something that has no stable encoding.
        CodeGapError: Something in the code of a task cannot be followed, and its options say ``strict=True``.
    """
    if defaults is not None:
        bind(dag, defaults)
    _read_ahead(dag.nodes)
    codes = CodeReader()
    for task in dag.nodes:
        if task._hash is not None and _is_as_read(task):
            task._late = codes.late_of(task)
            continue
        _read_params(task)
        fresh = _compute(task, codes)
        if task._hash is not None and task._hash != fresh:
            forget(task)
        task._hash = fresh


def own_parts(task: Task) -> dict[str, Any]:
    """Return what of the key is the task's own and not its code, in builtins."""
    found: dict[str, Any] = {
        "params": dict(task._digests),
        "values": {name: short(value) for name, value in task.params.items()},
    }
    own = {
        "files": {
            name: {visible(state.label): state.digest for state in states}
            for name, states in task._file_states.items()
            if states
        },
        "env": dict(task.options.env),
        "options": options_of_code(task),
        "packages": dict(code_of(task).versions),
    }
    return {**found, **{name: value for name, value in own.items() if value}}


def key_parts(task: Task) -> dict[str, Any]:
    """Return what the hash of ``task`` is made of, in builtins."""
    hash_of(task)
    code = code_of(task)
    return {
        "task": task.task_name,
        "tag": task.tag,
        **own_parts(task),
        "inputs": task._input_parts,
        "code": {"digest": code.digest, "root": code.root, "parts": dict(code.parts)},
        "parents": [[parent.name, parent._hash] for parent in task._parents],
    }
