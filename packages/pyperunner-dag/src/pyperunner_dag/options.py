"""Options of a task: how it is run, and what of its code counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pyperunner_dag.errors import OptionError
from pyperunner_dag.option_values.fields import FIELDS

if TYPE_CHECKING:
    import os
    from datetime import timedelta
    from typing import Literal, TypeAlias, TypedDict

    from typing_extensions import Unpack

    Code: TypeAlias = Literal["deep", "own", "off"]
    Packages: TypeAlias = Literal["none", "version"]
    Seed: TypeAlias = Literal["task", "attempt"] | int | None
    Rerun: TypeAlias = Literal["never"]

    class CodeArgs(TypedDict, total=False):
        """Options that say what of the code counts; pipelines and runners have them too, for all their tasks."""

        code: Code | None
        version: str | None
        ignore: Iterable[str]
        depends: Iterable[Any]
        packages: Packages | None
        strict: bool | None

    class OptionArgs(CodeArgs, total=False):
        """What options are made of."""

        timeout: float | None
        retries: int
        backoff: float
        retry_on: type[BaseException] | str | Iterable[type[BaseException] | str]
        retries_on_loss: int
        memory_limit: int | str | None
        resources: Mapping[str, float]
        threads: int | None
        priority: int
        env: Mapping[str, str]
        cache: bool
        seed: Seed
        max_age: str | float | timedelta | None
        rerun: Rerun | None
        store: str | os.PathLike[str] | None
        codec: str | None
        format: str | None
        check: Any


__all__ = ["CODE_FIELDS", "COUNTED", "NO_OPTIONS", "Options", "changed", "checked", "code_options"]

_RUN_FIELDS = (
    "timeout",
    "retries",
    "backoff",
    "retry_on",
    "retries_on_loss",
    "memory_limit",
    "resources",
    "threads",
    "priority",
    "env",
    "cache",
    "seed",
    "max_age",
    "rerun",
    "store",
    "codec",
    "format",
    "check",
)
CODE_FIELDS = ("code", "version", "ignore", "depends", "packages", "strict")
"""Options that say what of the code counts."""
_NOTHING: tuple[object, ...] = (None, ())
COUNTED = frozenset({*CODE_FIELDS, "env", "seed"})
"""Options that can change a cache key."""


class Options:
    """How a task is run, and what of its code counts; it cannot be changed.

    Give it to a class, ``options = Options(timeout=60)``, or its arguments to ``@task("Load", timeout=60)`` or to
    ``task.with_options(timeout=60)``. Of these ``env``, ``seed``, ``code``, ``version``, ``ignore``, ``depends`` and
    ``packages`` count in the cache key. The last six are left out where the pipeline, or else the runner, is to say.

    Args:
        timeout: Seconds after which a run of the task is ended and has failed; ``None`` for no limit.
        retries: How often a failed task is tried again, each time in a clean process.
        backoff: Seconds before the first retry; twice as long before each further one.
        retry_on: Exceptions after which it is tried again, as classes or as names of classes; empty for any failure.
        retries_on_loss: How often it is handed over again when the worker that carried it out, on a machine of a
            cluster, is lost; apart from ``retries``, because the task has done nothing wrong.
        memory_limit: Bytes, or text such as ``"2 GiB"``, that the task itself may use; ``None`` for no limit.
        resources: What it takes up while it runs, such as ``{"gpu": 1}``, of what the runner has.
        threads: How many threads numpy's BLAS, OpenMP, polars and numba compute with while it runs; by default the
            cores over the tasks that run at once.
        priority: Among tasks that are ready, those with more start first.
        env: Environment variables while it runs. They are recorded: what is secret belongs in a ``Secret``.
        cache: Whether its output is kept after the run.
        seed: Of its random numbers: ``"task"``, made of its name; ``"attempt"``, another one at each attempt; a number;
            ``None`` leaves the generators as they are.
        max_age: Seconds, text such as ``"1d"`` (units ``s m h d w``) or a ``timedelta``: a stored output that is older
            is made again; ``None`` for no limit.
        store: Folder or URL of the store that its output is kept in; by default the runner's. It is recorded, and so
            can't hold a password.
        codec: Name of the codec that its output is stored with, such as ``"raw"``; by default the store's.
        format: ``"parquet"``: its output, a frame, is stored in a form that others read.
        check: What its output has to pass before it is stored, one or several: functions that return ``False`` or raise
            where it is not as it must be, pandera schemas, pydantic models.
        rerun: ``"never"``: an output that was stored once with the same params stays, whatever has changed since.
        code: ``"deep"`` (the default in the end): its code and all of the project that it can reach; ``"own"``: its
            function alone; ``"off"``: nothing.
        version: Text that counts as it is.
        ignore: Names or patterns of parts of the code that do not count.
        depends: Further code and values that count.
        packages: Whether the versions of installed packages that its code uses count: ``"version"``, or ``"none"``.
        strict: Whether code that cannot be followed is an error.

    Raises:
        OptionError: There is no such option, or its value is none it can have.
    """

    __slots__ = (*_RUN_FIELDS, *CODE_FIELDS)

    timeout: float | None
    retries: int
    backoff: float
    retry_on: tuple[type[BaseException] | str, ...]
    retries_on_loss: int
    memory_limit: int | None
    resources: Mapping[str, float]
    threads: int | None
    priority: int
    env: Mapping[str, str]
    cache: bool
    seed: Seed
    max_age: float | None
    rerun: Rerun | None
    store: str | None
    codec: str | None
    format: str | None
    check: tuple[Any, ...]
    code: Code | None
    version: str | None
    ignore: tuple[str, ...]
    depends: tuple[Any, ...]
    packages: Packages | None
    strict: bool | None

    def __init__(self, **given: Unpack[OptionArgs]) -> None:
        values = checked(given)
        for name, (default, _) in FIELDS.items():
            object.__setattr__(self, name, values.get(name, default))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"options cannot be changed; use task.with_options({name}=…)")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"options cannot be changed, {name} neither")

    def said(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, by name."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in values.items()
            if value != FIELDS[name][0]
        }

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}={value!r}' for name, value in self.said().items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Options):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in FIELDS)

    def __hash__(self) -> NoReturn:
        raise TypeError("options cannot be hashed: there may be anything in depends")

    def __reduce__(self) -> tuple[object, ...]:
        return _made, (self.said(),)


def _made(values: dict[str, Any]) -> Options:
    return Options(**values)


_made.__module__ = "pyperunner_dag._options"  # as keys name it in which options are


def changed(
    base: Options, changes: Mapping[str, object], whose: str, known: Collection[str] = Options.__slots__
) -> Options:
    """Return ``base`` with ``changes``.

    Args:
        base: Options.
        changes: Values by name.
        whose: The task or pipeline, in words, for the error.
        known: Names that ``changes`` may have.

    Raises:
        OptionError: One of ``changes`` is not known, or not as it must be.
    """
    return Options(**{**base.said(), **checked(changes, whose, known)}) if changes else base


def checked(given: Mapping[str, object], whose: str = "", known: Collection[str] = Options.__slots__) -> dict[str, Any]:
    """Return options in their one form; arguments and errors are those of ``changed``."""
    found = {}
    for name, value in given.items():
        if name not in known:
            raise OptionError(whose, name, _unknown(name, known))
        try:
            found[name] = FIELDS[name][1](value)
        except ValueError as error:
            raise OptionError(whose, name, str(error)) from None
    return found


def _unknown(name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    if name in FIELDS:
        return f"it is an option of a task; here there are: {', '.join(known)}"
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"there is no such option; {hint}There are: {', '.join(known)}"


def code_options(*levels: Options | None) -> Options:
    """Return options that say of the code what the first of these says that says anything, field by field."""
    saying = [options for options in levels if options is not None and _says_of_code(options)]
    if len(saying) < 2:
        return saying[0] if saying else NO_OPTIONS
    found: dict[str, Any] = {}
    for options in saying:
        for name in CODE_FIELDS:
            if found.get(name) in _NOTHING:
                found[name] = getattr(options, name)
    return Options(**found)


def _says_of_code(options: Options) -> bool:
    return options is not NO_OPTIONS and any(getattr(options, name) not in _NOTHING for name in CODE_FIELDS)


NO_OPTIONS = Options()
"""The options of a task of which nothing is said."""
