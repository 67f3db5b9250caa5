"""Media of stores that lack what others have: a run goes on as far as it can, and says what it goes without."""

from __future__ import annotations

from pathlib import Path

from pyperunner import Pipeline, Runner, task


@task("Work", receives_input=False)
def work(n):
    return n + 1


def test_a_store_without_locks_costs_no_output(quick_runner):
    runner = quick_runner
    store = Path(runner.data_path)
    (store / ".lock").mkdir(parents=True)  # where the locks would be
    first, second = work("first", n=1), work("second", n=2)
    runner.run(Pipeline("p", [first, second]), raise_on_failure=True)
    assert [first.output, second.output] == [2, 3]
    log = next(Path(runner.log_path).glob("*/pipeline.log")).read_text()
    assert log.count("without a lock") == 2


def test_in_this_process_it_is_logged(tmp_path, caplog):
    (tmp_path / "data" / ".lock").mkdir(parents=True)
    made = work(n=1)
    Runner(tmp_path / "data", tmp_path / "logs", executor="inline").run(Pipeline("p", [made]), raise_on_failure=True)
    assert made.output == 2
    assert caplog.text.count("without a lock") == 1
