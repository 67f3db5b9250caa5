"""Finds the pipeline that a TARGET names."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError, UserCodeError
from pyperunner_cli.loading.factories import arguments_for, typed_arguments
from pyperunner_cli.loading.source import import_file
from pyperunner_cli.text import did_you_mean, listing
from pyperunner_text.signatures import return_hint

if TYPE_CHECKING:
    from pyperunner_cli.loading.typed_values import Written
    from pyperunner_dag import Pipeline

__all__ = ["arguments_of", "first_on_path", "resolve"]

_FORMS = "A TARGET is file.py, file.py:name, module:name, a saved pipeline.yaml or the folder of a run."


def resolve(target: str, given: Mapping[str, Written] = MappingProxyType({})) -> Pipeline:
    """Return the pipeline that ``target`` names, loading the user's code for it.

    Args:
        target: ``file.py``, ``file.py:name``, ``module:name``, the path of a saved pipeline or of a run's folder. The
            name is that of a pipeline or of a function that returns one; a file with just one needs no name.
        given: Arguments of that function.

    Raises:
        CommandError: There is no such thing, or not just one; the text lists what there is.
        UserCodeError: The user's code raised.
    """
    path, name = _parts(target)
    if _is_saved(path):
        _takes_none(given, path)
        return _load_saved(path)
    return _as_pipeline(*_found(target, path, name), given)


def arguments_of(target: str, given: Mapping[str, Written]) -> dict[str, Any]:
    """Return arguments of the function that ``target`` names, each of its type; the rest is as for ``resolve``."""
    path, name = _parts(target)
    if _is_saved(path):
        _takes_none(given, path)
        return {}
    value, what = _found(target, path, name)
    if not _is_factory(value):
        _takes_none(given, what)
    return typed_arguments(value, given, what)


def _parts(target: str) -> tuple[str, str]:
    path, colon, name = target.rpartition(":")
    return (target, "") if not colon or Path(target).exists() else (path, name)


def _is_saved(path: str) -> bool:
    return Path(path).is_dir() or path.endswith((".yaml", ".yml"))


def _found(target: str, path: str, name: str) -> tuple[Any, str]:
    """Return what a target names, a pipeline as a rule or a function that makes one, and what to call it."""
    if path.endswith(".py"):
        return _pick(_called(target, lambda: import_file(path)), name, path)
    if not name:
        hint = f" There is a file {path}.py." if Path(f"{path}.py").is_file() else ""
        raise CommandError(f"{target!r} names no pipeline.{hint} {_FORMS}")
    return _pick(_import_module(path), name, path)


def _load_saved(path: str) -> Pipeline:
    from pyperunner_dag import Pipeline

    file = Path(path)
    if file.is_dir():
        file /= "pipeline.yaml"
    if not file.is_file():
        raise CommandError(f"there is no file {file}. {_FORMS}")
    first_on_path(str(Path.cwd()))
    return Pipeline.from_file(str(file))


def _import_module(name: str) -> ModuleType:
    first_on_path(str(Path.cwd()))
    try:
        module: ModuleType = _called(name, lambda: importlib.import_module(name))
    except UserCodeError as failure:
        missing = failure.error.name if isinstance(failure.error, ModuleNotFoundError) else None
        if missing and f"{name}.".startswith(f"{missing}."):
            raise CommandError(f"there is no module {missing!r} here or among the installed ones. {_FORMS}") from None
        raise
    return module


def first_on_path(folder: str) -> None:
    """Let modules be found in ``folder`` before any other."""
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _pick(module: ModuleType, name: str, where: str) -> tuple[Any, str]:
    if name:
        return _attribute(module, name, where), f"{where}:{name}"
    candidates = _candidates(module)
    if not candidates:
        raise CommandError(f"{where} defines no pipeline: no Pipeline object, and no function annotated to return one.")
    if len(candidates) > 1:
        choice = f"{where}:{candidates[0]}"
        raise CommandError(f"{where} defines several pipelines: {listing(candidates)}. Name one of them: {choice}")
    return getattr(module, candidates[0]), f"{where}:{candidates[0]}"


def _attribute(module: ModuleType, name: str, where: str) -> Any:
    try:
        return attrgetter(name)(module)
    except AttributeError:
        raise CommandError(f"{where} defines no {name!r}. {did_you_mean(name, _candidates(module))}") from None


def _candidates(module: ModuleType) -> list[str]:
    """Return the names of the module's pipelines, each object once; without any, of its functions that make one."""
    from pyperunner_dag import Pipeline

    found: dict[int, str] = {}
    for name, value in vars(module).items():
        if isinstance(value, Pipeline):
            found.setdefault(id(value), name)
    if found:
        return list(found.values())
    return [name for name, value in vars(module).items() if _makes_pipeline(value, module)]


def _makes_pipeline(value: object, module: ModuleType) -> bool:
    if not inspect.isfunction(value) or value.__module__ != module.__name__:
        return False
    return return_hint(value) in {"Pipeline", "Sequential"}


def _as_pipeline(value: Any, what: str, given: Mapping[str, Written]) -> Pipeline:
    from pyperunner_dag import Pipeline

    if _is_factory(value):
        value = _called(what, partial(value, **arguments_for(value, given, what)))
        what = f"what {what}() returns"
    else:
        _takes_none(given, what)
    if not isinstance(value, Pipeline):
        raise CommandError(f"{what} is no Pipeline but of type {type(value).__name__}.")
    return value


def _is_factory(value: Any) -> bool:
    from pyperunner_dag import Pipeline

    return not isinstance(value, Pipeline) and callable(value) and not inspect.isclass(value)


def _takes_none(given: Mapping[str, Written], what: str) -> None:
    if given:
        raise CommandError(f"{what} takes no arguments, such as {next(iter(given))!r}: it is no function.")


def _called(what: str, function: Callable[[], Any]) -> Any:
    """Call code of the user; what it raises is theirs to read."""
    try:
        return function()
    except (CommandError, UserCodeError):
        raise
    except SystemExit:
        remedy = "Put what only a script should do under `if __name__ == '__main__':`."
        raise CommandError(f"{what} called exit while it was loaded. {remedy}") from None
    except Exception as error:
        raise UserCodeError(error) from error
