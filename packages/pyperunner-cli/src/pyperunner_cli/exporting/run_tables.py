"""Tables of runs: a row per run, or per variant of a sweep, of params beside chosen results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.json_output import as_json
from pyperunner_cli.loading.printing import stdout_to_stderr
from pyperunner_cli.loading.recorded_run import whole
from pyperunner_cli.text import did_you_mean

if TYPE_CHECKING:
    from pyperunner_results import PipelineResult

__all__ = ["Row", "as_cell", "cells", "check_file", "rows_of", "table_of", "unknown_parts", "write_table"]

Row = dict[str, Any]
_SCALARS = (bool, int, float, str)
_MOST_FIELDS = 12


def rows_of(results: PipelineResult, show: Sequence[str]) -> list[Row]:
    """Return the rows of a run: one, or one per variant of a sweep.

    Args:
        results: The run.
        show: Results as ``Task(tag).part.part``; without any, those of the last tasks that are numbers, texts, or
            mappings of these.

    Raises:
        CommandError: There is no such task.
    """
    run = results.conf.get("run")
    sweep = run.get("sweep") if isinstance(run, Mapping) else None
    if not isinstance(sweep, list):
        return [_row(results, _params(results), _shown(results, {}, show))]
    return [
        _row(results, each.get("params", {}), _shown(results, each.get("tasks", {}), show))
        for each in sweep
        if isinstance(each, Mapping)
    ]


def _row(results: PipelineResult, params: Row, shown: Row) -> Row:
    """Return params and results side by side; a result that is called like a param says that it is none."""
    return {"run": results.label, **params, **{name + " (output)" * (name in params): shown[name] for name in shown}}


def table_of(runs: Sequence[tuple[PipelineResult, list[Row]]]) -> list[Row]:
    """Return the rows of several runs, of whose params those stay that differ anywhere; all have the same columns."""
    rows = [row for _, rows in runs for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    params = {name for results, _ in runs for name in _params(results)}
    several = len({row["run"] for row in rows}) > 1
    kept = [
        name
        for name in names
        if (name == "run" and several) or (name != "run" and (name not in params or _differs(rows, name)))
    ]
    return [{name: row.get(name) for name in kept} for row in rows]


def _differs(rows: Sequence[Row], name: str) -> bool:
    return len({repr(row.get(name)) for row in rows}) > 1


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """Return the table as texts, its head first."""
    head = list(rows[0]) if rows else []
    return [head, *([_text(row[name]) for name in head] for row in rows)]


def _text(value: Any) -> str:
    from pyperunner_cli.text import visible

    return "" if value is None else visible(value if isinstance(value, str) else repr(value))


def as_cell(value: Any) -> Any:
    """Return a value as a table holds it: numbers and texts as they are, all else as JSON has it."""
    return value if value is None or type(value) in _SCALARS else as_json(value)


def _params(results: PipelineResult) -> Row:
    return {
        f"{task.name}.{name}": as_cell(value) for task in results.all_tasks() for name, value in task.params.items()
    }


def _shown(results: PipelineResult, names: Mapping[str, str], show: Sequence[str]) -> Row:
    """Return chosen results of one variant.

    Args:
        results: The run.
        names: What the variant's tasks are called in this run, by their names in the pipeline.
        show: As for `rows_of`.
    """
    if not show:
        ends = _ends(results, names)
        return {
            f"{name}{key}": value for name in ends for key, value in _plain(_output(results, names.get(name, name)))
        }
    found: Row = {}
    for asked in show:
        name, path = _parsed(asked, results, names)
        value = _output(results, names.get(name, name))
        for part in path:
            value = _part(value, part)
        found[asked] = as_cell(value)
    return found


def _parsed(asked: str, results: PipelineResult, names: Mapping[str, str]) -> tuple[str, list[str]]:
    known = {*results, *names}
    fits = [name for name in known if asked == name or asked.startswith(f"{name}.")]
    if not fits:
        raise CommandError(
            f"--show {asked!r} names no task of the run. {did_you_mean(asked.rpartition('.')[0], sorted(known))}"
        )
    name = max(fits, key=len)
    return name, asked[len(name) + 1 :].split(".") if len(asked) > len(name) else []


def _ends(results: PipelineResult, names: Mapping[str, str]) -> list[str]:
    """Return the tasks that nothing follows from, by their names in the pipeline."""
    from pyperunner_results.report.graph import upstream_of

    own = {found: name for name, found in names.items()}
    known = list(results)
    followed = {known[up] for ups in upstream_of(results.conf["tasks"]) for up in ups}
    return [own.get(name, name) for name in known if name not in followed and (name in own or not names)]


def _output(results: PipelineResult, name: str) -> Any:
    try:
        with stdout_to_stderr():  # an output of a class of the user's imports its module
            return whole(results[name])
    except (KeyError, ImportError):  # it failed, or is gone, or is not loaded from a store that nobody vouches for
        return None


def _plain(value: Any) -> list[tuple[str, Any]]:
    value = as_cell(value)
    if isinstance(value, _SCALARS):
        return [("", value)]
    if isinstance(value, Mapping) and len(value) <= _MOST_FIELDS:
        return [(f".{name}", item) for name, item in value.items() if isinstance(item, _SCALARS)]
    return []


def _part(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, (list, tuple)) and part.isdecimal():
        return value[int(part)] if int(part) < len(value) else None
    try:
        return getattr(value, part, None) if not part.startswith("_") else None
    except Exception:  # a property of the user's
        return None


def write_table(rows: Sequence[Row], file: str) -> str:
    """Write the table to a file that ends in ``.csv``, ``.json`` or ``.parquet``, and return what was written."""
    from pyperunner_cli.exporting.files import write_output

    check_file(file)
    return write_output(list(rows), Path(file))


def check_file(file: str) -> None:
    """Raise the error that ``write_table`` would, as far as it is known before there is a table."""
    if Path(file).suffix.lower() not in (".csv", ".json", ".parquet"):
        raise CommandError(f"{file}: a table's file ends in .csv, .json, .parquet.")
    if not Path(file).parent.is_dir():
        raise CommandError(f"{file}: there is no folder {Path(file).parent}.")


def unknown_parts(rows: Sequence[Row], show: Sequence[str]) -> list[str]:
    """Return those of the chosen results that no row has."""
    return [asked for asked in show if rows and all(row.get(asked) is None for row in rows)]
