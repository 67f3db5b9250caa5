"""Frames that others read: ``Options(format="parquet")``."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner import Pipeline, PipelineResult, Runner, task
from pyperunner_runner.errors import FormatRefused, RunFailed

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")


@task("Load", format="parquet")
def load(n, odd=False):
    return pd.DataFrame({"n": range(n), "o": [1 + 2j] * n if odd else [0.5] * n})


@task("Split", outputs=("low", "high"), format="parquet")
def split(rows):
    return rows[:1], rows[1:]


@task("Sum")
def total(rows):
    return int(rows["n"].sum())


@task("Odd", format="parquet")
def odd():
    return {"a": 1}


def run(folder, *tasks, data="data", **options):
    runner = Runner(data if "://" in data else folder / data, folder / "log", executor="inline", **options)
    runner.run(Pipeline("formats", tasks), raise_on_failure=True)
    return [name for name, task in runner.results().record.tasks.items() if task.by_attempt], runner


def test_it_is_kept_as_others_read_it_and_handed_on_as_it_was(tmp_path):
    rows = load(n=3)
    low, high = split(rows=rows)
    last, first = total(rows=rows), total("low", rows=low)
    run(tmp_path, last, first, total("high", rows=high))
    assert (last.output, first.output) == (3, 0)
    pd.testing.assert_frame_equal(pd.read_parquet(rows.output_filename("result.parquet")), rows.output)
    found = sorted(path.parent.parent.name for path in Path(tmp_path, "data").glob("*/*/result.parquet"))
    assert found == ["Load()", "Split().high", "Split().low"]


def test_a_change_of_format_runs_nothing_again(tmp_path):
    plain = load(n=3).with_options(format=None)
    assert plain.hash() == load(n=3).hash()
    assert run(tmp_path, plain)[0] == ["Load()"]
    assert run(tmp_path, load(n=3))[0] == []
    executed, runner = run(tmp_path, load(n=3), data=f"sqlite:///{tmp_path}/other.db")
    assert executed == ["Load()"]
    assert len(PipelineResult.from_file(runner.run_folder)["Load()"]) == 3


def test_what_would_not_come_back_fails_the_task_and_says_which_column(tmp_path):
    for made, why in ((load(n=2, odd=True), r"result\['o'\].*parquet cannot keep it"), (odd(), "not for a dict")):
        with pytest.raises(RunFailed):
            run(tmp_path, made)
        with pytest.raises(Exception, match=why):
            raise made.result.exception
        assert not made.output_exists()


def test_a_format_that_there_is_not_is_an_error_before_anything_starts(tmp_path):
    with pytest.raises(FormatRefused, match=r"Load\(\) is to be stored in the format feather: unknown format"):
        run(tmp_path, load(n=1).with_options(format="feather"))
    assert not Path(tmp_path, "log").exists() or not list(Path(tmp_path, "log").glob("*/events.jsonl"))


def test_a_saved_pipeline_keeps_it():
    read = Pipeline.from_dict(Pipeline("formats", [load(n=1).with_options(format="parquet", codec="gzip")]).to_dict())
    assert (read.dag()["Load()"].options.format, read.dag()["Load()"].options.codec) == ("parquet", "gzip")
