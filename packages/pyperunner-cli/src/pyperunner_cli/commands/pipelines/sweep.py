"""``pyperunner sweep TARGET --over …``: combinations of params as one run, and a table of the results."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyperunner_cli.commands.pipelines import run
from pyperunner_cli.commands.records.table import add_table, say_unknown_parts
from pyperunner_cli.errors import CommandError
from pyperunner_cli.exporting.run_tables import as_cell, cells, check_file, rows_of, table_of, write_table
from pyperunner_cli.loading.axes import ARGUMENTS, Axis, combinations, read_axes
from pyperunner_cli.loading.settings import values_of
from pyperunner_cli.loading.target import arguments_of
from pyperunner_cli.options import pipeline_of
from pyperunner_cli.text import aligned, count, say

if TYPE_CHECKING:
    from pyperunner_cli.loading.variants import Variant
    from pyperunner_dag import Pipeline, Task

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    run.add_run(parser)
    parser.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="'TASK(TAG).PARAM=VALUE,VALUE'",
        help="a param and its values, or a YAML list of them; or an argument of the function that makes the pipeline, "
        "'pipeline.ARGUMENT=VALUE,VALUE'; may be given several times",
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
    if options.output:
        check_file(options.output)
    axes = read_axes(options.over, options.over_file, expand_env=options.expand_env)
    picks = combinations(axes, zipped=options.zip)
    pipeline, options.sweep = _spread_out(options, axes, picks)
    say(f"{pipeline.name}: {count(len(picks), 'variant')}")
    code = run.run(options, pipeline)
    results = options.results
    if results is None:
        return code
    rows = table_of([(results, rows_of(results, options.show))])
    say_unknown_parts(rows, options.show)
    say("\n".join(aligned(cells(rows))))
    for file in (f"{results.run_folder}/table.csv", options.output):
        if file:
            write_table(rows, file)
    return code


def _spread_out(
    options: argparse.Namespace, axes: Sequence[Axis], picks: Sequence[tuple[int, ...]]
) -> tuple[Pipeline, list[dict[str, Any]]]:
    """Return a pipeline with all variants, and for the record the params and the tasks of each."""
    from pyperunner_cli.loading.variants import merged, spread
    from pyperunner_dag import Pipeline

    # Where arguments of the function are swept, it makes a pipeline for each choice of them.
    groups: dict[tuple[int, ...], dict[int, tuple[int, ...]]] = {}
    for number, pick in enumerate(picks):
        choice = tuple(value for axis, value in zip(axes, pick, strict=True) if axis.argument)
        groups.setdefault(choice, {})[number] = pick
    pipelines, parts, shown = [], [], {}
    for group in groups.values():
        pipeline, arguments = _made_of(options, axes, next(iter(group.values())))
        if any(task.variant for task in pipeline.dag()):
            raise CommandError(f"{options.target} is a sweep itself: sweep the pipeline that it is made of.")
        params, variants = _variants(pipeline, axes, group)
        pipelines.append(pipeline)
        parts.append(spread(pipeline.dag(), variants))
        shown.update({number: {**arguments, **found} for number, found in params.items()})
    whole = merged(parts)
    in_order = [{axis.where: shown[number][axis.where] for axis in axes} for number in range(len(picks))]
    record = [{"params": params, "tasks": whole.names[number]} for number, params in enumerate(in_order)]
    return Pipeline(pipelines[0].name, whole.tasks, **pipelines[0].options.said()), record


def _made_of(options: argparse.Namespace, axes: Sequence[Axis], pick: Sequence[int]) -> tuple[Pipeline, dict[str, Any]]:
    """Return the pipeline with the arguments that are chosen, and these as the table shows them."""
    swept = {axis.argument: axis.values[number] for axis, number in zip(axes, pick, strict=True) if axis.argument}
    pipeline = pipeline_of(options, strict=options.strict, swept=swept)
    typed = arguments_of(options.target, swept) if swept else {}
    return pipeline, {f"{ARGUMENTS}{name}": as_cell(value) for name, value in typed.items()}


def _variants(
    pipeline: Pipeline, axes: Sequence[Axis], picks: Mapping[int, Sequence[int]]
) -> tuple[dict[int, dict[str, Any]], dict[int, Variant]]:
    """Return what differs between variants of one pipeline: as the table shows it, and for the tasks."""
    from pyperunner_cli.loading.variants import Variant

    tasks: dict[str, Task] = {task.name: task for task in pipeline.dag()}
    shown: dict[int, dict[str, Any]] = {}
    variants = {}
    for number, pick in picks.items():
        chosen = [(axis, value) for axis, value in zip(axes, pick, strict=True) if not axis.argument]
        params, _ = values_of(tasks, [axis.setting(value) for axis, value in chosen])
        marks: dict[str, list[object]] = {}
        shown[number] = {}
        for axis, value in chosen:
            alone, notes = values_of(tasks, [axis.setting(value)])
            shown[number][axis.where] = _shown(axis, alone, notes)
            for name in alone:
                marks.setdefault(name, []).append((axis.where, value))
        variants[number] = Variant(params, {name: tuple(mark) for name, mark in marks.items()})
    return shown, variants


def _shown(axis: Axis, params: Mapping[str, Mapping[str, Any]], notes: Sequence[Mapping[str, str]]) -> Any:
    """Return a value as the table shows it: as it is, a part of a param as it is written, a secret masked."""
    name, values = next(iter(params.items()))
    [(param, value)] = values.items()
    is_whole = axis.where.endswith(f").{param}") or axis.where == f"{name}.{param}"
    return as_cell(value) if is_whole and notes[0]["value"] != "***" else notes[0]["value"]
