"""``pyperunner sweep TARGET --over …``: combinations of params as one run, and a table of the results."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyperunner_cli.commands.pipelines import run
from pyperunner_cli.commands.records.table import add_table
from pyperunner_cli.exporting.run_tables import cells, rows_of, table_of, write_table
from pyperunner_cli.json_output import as_json
from pyperunner_cli.loading.axes import Axis, combinations, read_axes
from pyperunner_cli.loading.settings import values_of
from pyperunner_cli.options import pipeline_of
from pyperunner_cli.text import aligned, count, say

if TYPE_CHECKING:
    from pyperunner_dag import Pipeline, Task

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    run.configure(parser)
    parser.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="'TASK(TAG).PARAM=VALUE,VALUE'",
        help="a param and its values, or a YAML list of them; may be given several times",
    )
    parser.add_argument(
        "--over-file",
        action="append",
        default=[],
        metavar="FILE",
        help="params with lists of values: YAML, JSON, TOML",
    )
    parser.add_argument("--zip", action="store_true", help="the first values together, and so on, not all with all")
    add_table(parser)


def execute(options: argparse.Namespace) -> int:
    """Run all variants as one run, print the table, write it beside the record; return 1 if a task failed."""
    axes = read_axes(options.over, options.over_file)
    picks = combinations(axes, zipped=options.zip)
    pipeline, sweep = _spread(pipeline_of(options, strict=options.strict), axes, picks)
    options.sweep = sweep
    say(f"{pipeline.name}: {count(len(picks), 'variant')}")
    code = run.run(options, pipeline)
    results = options.results
    if results is None:
        return code
    rows = table_of([(results, rows_of(results, options.show))])
    say("\n".join(aligned(cells(rows))))
    for file in (f"{results.run_folder}/table.csv", options.output):
        if file:
            write_table(rows, file)
    return code


def _spread(
    pipeline: Pipeline, axes: Sequence[Axis], picks: Sequence[tuple[int, ...]]
) -> tuple[Pipeline, list[dict[str, Any]]]:
    """Return a pipeline with all variants, and for the record the params and the tasks of each."""
    from pyperunner_cli.loading.variants import Variant, spread
    from pyperunner_dag import Pipeline

    dag = pipeline.dag()
    tasks: dict[str, Task] = {task.name: task for task in dag}
    variants, chosen = [], []
    for pick in picks:
        settings = [axis.setting(number) for axis, number in zip(axes, pick, strict=True)]
        params, _ = values_of(tasks, settings)
        marks: dict[str, list[object]] = {}
        shown = {}
        for axis, setting, number in zip(axes, settings, pick, strict=True):
            alone, notes = values_of(tasks, [setting])
            shown[axis.where] = _shown(axis, alone, notes)
            for name in alone:
                marks.setdefault(name, []).append((axis.where, number))
        variants.append(Variant(params, {name: tuple(mark) for name, mark in marks.items()}))
        chosen.append(shown)
    nodes, names = spread(dag, variants)
    record = [{"params": params, "tasks": own} for params, own in zip(chosen, names, strict=True)]
    return Pipeline(pipeline.name, nodes, **pipeline.options.said()), record


def _shown(axis: Axis, params: Mapping[str, Mapping[str, Any]], notes: Sequence[Mapping[str, str]]) -> Any:
    """Return a value as the table shows it: as it is, a part of a param as it is written, a secret masked."""
    name, values = next(iter(params.items()))
    [(param, value)] = values.items()
    is_whole = axis.where.endswith(f").{param}") or axis.where == f"{name}.{param}"
    return as_json(value) if is_whole and notes[0]["value"] != "***" else notes[0]["value"]
