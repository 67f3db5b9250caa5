"""Options of a task: how it is run, and what of its code counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from pyperunner_dag.errors import OptionError

if TYPE_CHECKING:
    from typing import Literal, TypeAlias, TypedDict, TypeGuard

    from typing_extensions import Unpack

    Code: TypeAlias = Literal["deep", "own", "off"]
    Packages: TypeAlias = Literal["none", "version"]
    Seed: TypeAlias = Literal["task", "attempt"] | int | None
    _Check: TypeAlias = Callable[[object], object]

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
        memory_limit: int | str | None
        resources: Mapping[str, float]
        priority: int
        env: Mapping[str, str]
        cache: bool
        seed: Seed


__all__ = ["CODE_FIELDS", "COUNTED", "NO_OPTIONS", "Options", "changed", "checked", "code_options"]

_RUN_FIELDS = (
    "timeout",
    "retries",
    "backoff",
    "retry_on",
    "memory_limit",
    "resources",
    "priority",
    "env",
    "cache",
    "seed",
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
        memory_limit: Bytes, or text such as ``"2 GiB"``, that the task itself may use; ``None`` for no limit.
        resources: What it takes up while it runs, such as ``{"gpu": 1}``, of what the runner has.
        priority: Among tasks that are ready, those with more start first.
        env: Environment variables while it runs. They are recorded: what is secret belongs in a ``Secret``.
        cache: Whether its output is kept after the run.
        seed: Of its random numbers: ``"task"``, made of its name; ``"attempt"``, another one at each attempt; a number;
            ``None`` leaves the generators as they are.
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
    memory_limit: int | None
    resources: Mapping[str, float]
    priority: int
    env: Mapping[str, str]
    cache: bool
    seed: Seed
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


# --- what each option may be: a check returns the value in its one form, or says what is wrong with it

_UNITS = {
    unit.lower(): base**power
    for power, letter in enumerate("kMGT", start=1)
    for unit, base in ((f"{letter}B", 1000), (f"{letter}iB", 1024))
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _optional(check: _Check) -> _Check:
    return lambda value: None if value is None else check(value)


def _timeout(value: object) -> float:
    if not _is_number(value) or value <= 0:
        raise ValueError(f"it takes seconds, more than 0, not {value!r}; leave it out for no limit")
    return float(value)


def _retries(value: object) -> int:
    if not _is_count(value) or value < 0:
        raise ValueError(f"it takes a whole number, how often a failed task is tried again, not {value!r}")
    return value


def _backoff(value: object) -> float:
    if not _is_number(value) or value < 0:
        raise ValueError(f"it takes seconds before the first retry, 0 or more, not {value!r}")
    return float(value)


def _retry_on(value: object) -> tuple[object, ...]:
    found = (value,) if isinstance(value, (str, type)) else _items(value, "retry_on=[OSError, 'Timeout']")
    for item in found:
        if not (isinstance(item, type) and issubclass(item, BaseException)) and not (isinstance(item, str) and item):
            raise ValueError(f"it takes classes of exceptions or their names, not {item!r}")
    return found


def _memory_limit(value: object) -> int:
    wish = "it takes bytes, or text such as '2 GiB' or '500 MB'"
    if isinstance(value, str):
        match = _SIZE.fullmatch(value)
        unit = _UNITS.get(match[2].lower()) if match else None
        if match is None or unit is None:
            raise ValueError(f"{wish}, not {value!r}")
        value = int(float(match[1]) * unit)
    if not _is_count(value) or value <= 0:
        raise ValueError(f"{wish}, more than 0, not {value!r}; leave it out for no limit")
    return int(value)


def _resources(value: object) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise ValueError(f"it takes amounts by name, such as {{'gpu': 1}}, not {value!r}")
    for name, amount in value.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"a resource has a name, not {name!r}")
        if not _is_number(amount) or amount <= 0:
            raise ValueError(f"the amount of {name!r} is a number, more than 0, not {amount!r}")
    return MappingProxyType({name: float(amount) for name, amount in value.items()})


def _priority(value: object) -> int:
    if not _is_count(value):
        raise ValueError(f"it takes a whole number, higher first, not {value!r}")
    return int(value)


def _env(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(f"it takes values by name, such as {{'OMP_NUM_THREADS': '1'}}, not {value!r}")
    for name, text in value.items():
        if not isinstance(name, str) or not name or "=" in name or not _is_plain(name):
            raise ValueError(f"{name!r} is no name of an environment variable")
        if not isinstance(text, str):
            raise ValueError(f"the value of {name} is text, such as '1', not a {type(text).__name__}")
        if not _is_plain(text):
            raise ValueError(f"the value of {name} has a NUL character or a lone surrogate in it")
    return MappingProxyType(dict(value))


def _is_plain(text: str) -> bool:
    """Say whether the environment and a cache key can hold ``text``."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"it takes True or False, not {value!r}")
    return value


def _seed(value: object) -> object:
    known = value is None or (isinstance(value, str) and value in ("task", "attempt"))
    if not known and not (_is_count(value) and 0 <= value < 1 << 32):
        raise ValueError(f"it takes 'task', 'attempt', a whole number from 0 to 2**32 - 1, or None, not {value!r}")
    return value


def _choice(*choices: str) -> _Check:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"it takes {', '.join(map(repr, choices))}, not {value!r}")
        return value

    return check


def _version(value: object) -> str:
    if not isinstance(value, str) or not _is_plain(value):
        raise ValueError(f"it takes text, such as '2', not {value!r}")
    return value


def _ignore(value: object) -> tuple[object, ...]:
    found = (value,) if isinstance(value, str) else _items(value, "ignore=['helpers.log_*']")
    if not all(isinstance(name, str) and name and _is_plain(name) for name in found):
        raise ValueError(f"it takes names or patterns of names, not {value!r}")
    return found


def _depends(value: object) -> tuple[object, ...]:
    return _items(value, "depends=[plugin]")


def _items(value: object, example: str) -> tuple[object, ...]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise ValueError(f"it takes a list, write {example}, not {value!r}")
    return tuple(value)


FIELDS: dict[str, tuple[object, _Check]] = {
    "timeout": (None, _optional(_timeout)),
    "retries": (0, _retries),
    "backoff": (0.0, _backoff),
    "retry_on": ((), _retry_on),
    "memory_limit": (None, _optional(_memory_limit)),
    "resources": (MappingProxyType({}), _resources),
    "priority": (0, _priority),
    "env": (MappingProxyType({}), _env),
    "cache": (True, _flag),
    "seed": ("task", _seed),
    "code": (None, _optional(_choice("deep", "own", "off"))),
    "version": (None, _optional(_version)),
    "ignore": ((), _ignore),
    "depends": ((), _depends),
    "packages": (None, _optional(_choice("none", "version"))),
    "strict": (None, _optional(_flag)),
}
"""By the name of each option: its default, and its check."""

NO_OPTIONS = Options()
"""The options of a task of which nothing is said."""
