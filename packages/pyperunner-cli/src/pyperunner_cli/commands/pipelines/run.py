"""``pyperunner run TARGET``: execute what has no stored output yet."""

from __future__ import annotations

import argparse
import gc
import logging
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.options import (
    add_jobs,
    add_places,
    add_selection,
    add_target,
    make_runner,
    pipeline_of,
    selection_of,
)
from pyperunner_cli.text import relative, visible

if TYPE_CHECKING:
    from pyperunner_cli.display.estimate import Estimate
    from pyperunner_cli.display.tally import Tally
    from pyperunner_dag import OutputStore, Pipeline
    from pyperunner_results import PipelineResult

__all__ = ["add_run", "configure", "execute", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_run(parser)
    parser.add_argument("--watch", action="store_true", help="run again whenever a file that counts has changed")
    parser.add_argument("--watched", metavar="FILE", help=argparse.SUPPRESS)  # for the runs of --watch


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add what all commands take that run a pipeline."""
    add_target(parser)
    add_places(parser)
    add_selection(parser)
    parser.add_argument(
        "--failed", action="store_true", help="only what failed or could not run in the latest run of this pipeline"
    )
    _add_ends(parser)
    _add_carrying_out(parser)
    _add_flag(parser, "refuse a recorded run if anything is not as it was", "--strict")
    _add_flag(parser, "show what tasks print and why they run", "-v", "--verbose")
    parser.add_argument("--no-outputs", action="store_true", help="show no outputs in the report")
    says = "write report.html into the run's folder, or don't (by default if anything was executed)"
    _add_flag(parser, says, "--report", default=None)


def _add_ends(parser: argparse.ArgumentParser) -> None:
    _add_flag(parser, "do not run what follows from a task that made its old output again", "--early-cutoff")
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--fail-fast", action="store_true", help="end the run at the first failure")
    ends.add_argument(
        "--keep-going",
        action="store_false",
        dest="fail_fast",
        help="run whatever does not depend on a failure (default)",
    )


def _add_carrying_out(parser: argparse.ArgumentParser) -> None:
    add_jobs(parser)
    parser.add_argument(
        "--resource",
        dest="resources",
        action="append",
        type=_resource,
        default=[],
        metavar="NAME=AMOUNT",
        help="how much there is of what tasks ask for, such as gpu=2; may be given several times",
    )
    parser.add_argument(
        "--shared", metavar="NAME", help="all runs on this host that say NAME share the amounts of --resource"
    )
    parser.add_argument(
        "--executor",
        default="process",
        metavar="NAME",
        help="what carries tasks out: process, pool, inline, or one that is installed (%(default)s)",
    )
    parser.add_argument("--address", metavar="URL", help="where the executor's cluster is, such as tcp://10.0.0.1:8786")
    parser.add_argument("--start-method", metavar="NAME", help="how processes are made: fork, forkserver or spawn")
    parser.add_argument(
        "--audit",
        choices=("warn", "error", "off"),
        default="warn",
        help="files that a task reads undeclared: report them, let the task fail, or don't look (%(default)s)",
    )


def _add_flag(parser: argparse.ArgumentParser, says: str, *names: str, default: bool | None = False) -> None:
    parser.add_argument(*names, action=argparse.BooleanOptionalAction, default=default, help=says)


def execute(options: argparse.Namespace) -> int:
    """Run the pipeline and say what came of it; return 1 if a task failed."""
    # Graphs of many tasks are many objects that live to the end; looking through them over and over finds no garbage.
    gc.set_threshold(10_000, 20, 20)
    if options.watch:
        from pyperunner_cli.commands.pipelines.watch import watch

        return watch(options.command_line)
    if options.watched is None:
        return run(options, pipeline_of(options, strict=options.strict))
    from pyperunner_cli.commands.pipelines.watched_files import write_watched

    try:
        pipeline = options.pipeline = pipeline_of(options, strict=options.strict)
        return run(options, pipeline)
    finally:
        write_watched(options)


def run(options: argparse.Namespace, pipeline: Pipeline) -> int:
    """Run a pipeline with the command's options, whose ``results`` it sets; return 1 if a task failed."""
    options.results = None
    from pyperunner_cli.display.choice import choose_display
    from pyperunner_cli.display.tally import Tally
    from pyperunner_cli.display.warned import logged_warnings
    from pyperunner_runner.execution.stand_in import STORES_LOGGER

    selection = selection_of(options)
    if options.failed:
        names = _failed(pipeline, options)
        if not names:
            print("nothing failed in the latest run of this pipeline")
            return 0
        selection["only"] = [*(selection["only"] or ()), *names]
    logging.getLogger("pyperunner").addHandler(logging.NullHandler())  # the display tells what the log would
    display, tally = choose_display(verbose=options.verbose, estimate=partial(_estimate, pipeline, options)), Tally()
    runner = make_runner(
        options,
        options.jobs,
        (display, tally),
        resources=dict(options.resources),
        shared=options.shared,
        fail_fast=options.fail_fast,
        early_cutoff=options.early_cutoff,
        executor=options.executor,
        executor_options={"address": options.address} if options.address else None,
        start_method=options.start_method,
        audit=options.audit,
        keep_unsaved=True,  # nobody has them in hand when the command ends
    )
    try:
        with logged_warnings(STORES_LOGGER):
            runner.run(pipeline, force_reload=options.force, **selection)
    except (KeyboardInterrupt, SystemExit):
        _say(tally)
        raise
    finally:
        display.close()
    _say(tally)
    options.results = runner.results()
    for line in (
        _report(options, tally, options.results),
        _output(pipeline, runner.store, options.results.run_folder or ""),
    ):
        if line:
            print(line)
    return tally.exit_code


def _estimate(pipeline: Pipeline, options: argparse.Namespace) -> Estimate:
    from pyperunner_cli.display.estimate import Estimate
    from pyperunner_results import times_of_tasks
    from pyperunner_runner.processes.cores import usable_cores

    return Estimate(times_of_tasks(options.log_path, pipeline.name), options.jobs or usable_cores())


def _failed(pipeline: Pipeline, options: argparse.Namespace) -> list[str]:
    """Return the tasks that ended badly, or not at all, in the run that is TARGET or else the pipeline's latest."""
    from pyperunner_results import NotARun, PipelineResult, runs

    if Path(options.target).is_dir():
        folder = options.target
    else:
        try:
            found = [run for run in runs(options.log_path, pipeline.name) if run.state not in ("broken", "running")]
        except NotARun:
            found = []
        if not found:
            lack = f"{options.log_path} holds no run of {pipeline.name!r}"
            raise CommandError(f"{lack}, so nothing is known to have failed.")
        folder = found[-1].folder
    ended = {task.name: task.status for task in PipelineResult.from_file(folder).all_tasks()}
    return [task.name for task in pipeline.dag() if ended.get(task.name, "SUCCESS") not in ("SUCCESS", "SKIPPED")]


def _say(tally: Tally) -> None:
    for line in tally.lines():
        print(line)


def _report(options: argparse.Namespace, tally: Tally, results: PipelineResult) -> str:
    """Write the report and return where it is; of a run that had nothing to do the command that writes it."""
    if options.report is False:
        return ""
    if options.report is None and not tally.has_news:
        return _typed("report", "report", relative(results.run_folder or ""))
    from pyperunner_dag.secret import known_secrets
    from pyperunner_results import NotARun, write_report

    try:
        return f"report: {relative(write_report(results, outputs=not options.no_outputs, secrets=known_secrets()))}"
    except (OSError, NotARun) as error:  # the folder was removed meanwhile, or its disk is full
        return f"no report: {error}"


def _output(pipeline: Pipeline, store: OutputStore, run_folder: str) -> str:
    """Return the command that shows the output of the last task, if it is there."""
    from pyperunner_dag import NotYetKnownError

    last = pipeline.dag().nodes[-1]
    try:
        is_there = last.mapping is None and not store.missing(last.entry_keys)
    except (OSError, NotYetKnownError):  # a run without its store, which it has told; or one that did not get so far
        return ""
    return _typed("output", "results", relative(run_folder), last.name) if is_there else ""


def _typed(what: str, *words: str) -> str:
    """Return a line with a command, if it can be typed."""
    command = shlex.join(["pyperunner", *words])
    return f"{what}: {command}" if command == visible(command) else ""


def _resource(text: str) -> tuple[str, float]:
    name, _, amount = text.partition("=")
    try:
        number = float(amount)
    except ValueError:
        number = -1.0
    if not name or not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a resource and its amount, such as gpu=2")
    return name, number
