"""Checks of outputs and codecs of one task: what is stored, what is left aside, what is seen again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyperunner import Pipeline, Runner, task
from pyperunner_cache import Cache, open_store
from pyperunner_cache.backends.memory import MemoryBackend
from pyperunner_dag import OptionError, Options, failed_check
from pyperunner_runner import CheckFailed, CodecRefused

PROBE = []


def is_sorted(rows):
    return rows == sorted(rows)


def has_two(rows):
    if len(rows) != 2:
        raise ValueError(f"{len(rows)} rows")


@task("Load", check=is_sorted)
def load(rows):
    PROBE.append("Load")
    return rows


@task("Free")
def free(rows):
    PROBE.append("Free")
    return rows


@task("Split", outputs=("one", "two"))
def split():
    return {"one": [1], "two": [3]}


@task("Count")
def count(rows):
    PROBE.append("Count")
    return len(rows)


@pytest.fixture(params=["inline", "process"])
def runner(request, tmp_path):
    PROBE.clear()
    return Runner(tmp_path / "data", tmp_path / "log", executor=request.param)


@pytest.fixture
def inline(tmp_path):
    PROBE.clear()
    return Runner(tmp_path / "data", tmp_path / "log", executor="inline")


def run(runner, *tasks, **options):
    PROBE.clear()
    runner.run(Pipeline("checks", tasks), **options)
    return [each.status.name for each in tasks]


def test_an_output_that_does_not_pass_is_left_aside_and_never_stored(runner):
    made = load(rows=[2, 1])
    assert run(runner, made, count(rows=made)) == ["FAILURE", "CANT_RUN"]
    error = made.result.exception
    assert isinstance(error, CheckFailed)
    assert (error.task, error.check, error.problem) == ("Load()", "is_sorted", "it returned False")
    assert runner.store.missing(made.entry_keys) == set(made.entry_keys)
    folder, key = re.search(r"open_store\('(.*)'\)\.load\('(.*)'\)", str(error)).groups()
    assert folder.startswith(runner.run_folder)
    assert open_store(folder).load(key) == [2, 1]


def test_one_that_passes_is_stored_and_not_looked_at_again(runner):
    made = load(rows=[1, 2])
    assert run(runner, made, count(rows=made)) == ["SUCCESS", "SUCCESS"]
    assert run(runner, load(rows=[1, 2])) == ["SKIPPED"]
    assert "failed_checks" not in runner.run_folder


def test_checks_count_in_no_key():
    assert free(rows=[]).hash() == free(rows=[]).with_options(check=[is_sorted, has_two]).hash()
    assert {load(rows=[]).with_options(check=()).hash(), load(rows=[]).with_options(check=len).hash()} == {
        load(rows=[]).hash()
    }


def test_a_hit_is_seen_by_checks_that_have_changed_and_nothing_is_made_again(inline):
    def tasks(*checks):
        made = free(rows=[2, 1]).with_options(check=checks)
        return made, count(rows=made)

    run(inline, *tasks())
    made, after = tasks(has_two)
    assert run(inline, made, after) == ["SUCCESS", "SKIPPED"]
    assert PROBE == []
    assert inline.results().task("Free()").facts["reason"] == "its checks have changed"
    assert run(inline, *tasks(has_two)) == ["SKIPPED", "SKIPPED"]
    made, after = tasks(is_sorted)
    inline.set_pipeline(Pipeline("checks", [made]))
    assert "its checks have changed" in str(inline.explain("Free()"))
    assert run(inline, made, after) == ["FAILURE", "CANT_RUN"]
    assert PROBE == []
    assert f"It stays in the store as {made.key}" in str(made.result.exception)
    assert run(inline, *tasks(is_sorted)) == ["FAILURE", "CANT_RUN"]
    assert run(inline, *tasks(has_two)) == ["SKIPPED", "SKIPPED"]


def test_early_cutoff_does_not_pass_checks_by(tmp_path):
    runner = Runner(tmp_path / "data", tmp_path / "log", executor="inline", early_cutoff=True)
    first = free(rows=[2, 1])
    run(runner, count(rows=first))
    made = count("again", rows=free(rows=[2, 1])).with_options(check=lambda number: number == 3)
    assert run(runner, made) == ["FAILURE"]
    made = free(rows=[2, 1]).with_options(check=is_sorted)
    assert run(runner, made) == ["FAILURE"]


def test_several_outputs_are_seen_together_and_elements_each(inline):
    both = split().with_options(check=lambda made: made["one"] < made["two"])
    assert run(inline, both) == ["SUCCESS"]
    mapped = free.map(rows=[[1, 2], [2, 1]]).with_options(check=is_sorted)
    run(inline, mapped)
    assert [each.status.name for each in mapped.elements] == ["SUCCESS", "FAILURE"]


def test_schemas_of_pydantic_and_pandera():
    pydantic = pytest.importorskip("pydantic")

    class Row(pydantic.BaseModel):
        size: int

    assert failed_check([Row], {"size": 3}) is None
    assert failed_check([Row], {"size": "much"}).name.endswith("Row")
    assert failed_check([pydantic.TypeAdapter(list[Row])], [{"size": 3}, {}]).error is not None
    pandera = pytest.importorskip("pandera.pandas")
    pandas = pytest.importorskip("pandas")
    schema = pandera.DataFrameSchema({"size": pandera.Column(int, pandera.Check.gt(0))}, name="sizes")
    assert failed_check([schema], pandas.DataFrame({"size": [1, 2]})) is None
    assert failed_check([schema], pandas.DataFrame({"size": [1, -2]})).name == "sizes"


def test_truth_values_of_numpy_and_none_are_understood():
    numpy = pytest.importorskip("numpy")
    assert failed_check([lambda rows: rows.mean() > 3], numpy.zeros(2)).problem == "it returned False"
    assert failed_check([lambda rows: None, lambda rows: numpy.bool_(True)], numpy.zeros(2)) is None


@pytest.mark.parametrize("wrong", [3, "is_sorted", [None]])
def test_a_check_is_a_function_or_a_schema(wrong):
    with pytest.raises(OptionError, match="takes a function of the output"):
        Options(check=wrong)


def test_a_saved_pipeline_keeps_checks_and_codec():
    pipeline = Pipeline("saved", [free(rows=[]).with_options(check=[has_two], codec="raw")])
    again = Pipeline.from_dict(pipeline.to_dict()).dag()["Free()"]
    assert (again.options.check, again.options.codec) == ((has_two,), "raw")


# --- codecs


def test_one_task_has_a_codec_of_its_own(runner):
    made, other = free(rows=[1]).with_options(codec="raw"), free("other", rows=[1])
    assert run(runner, made, other, raise_on_failure=True) == ["SUCCESS", "SUCCESS"]
    assert made.output_filename().endswith("result.dump.raw")
    assert other.output_filename().endswith("result.dump.gz")
    assert (made.output, runner.results()["Free()"]) == ([1], [1])
    assert made.hash() == free(rows=[1]).hash()
    assert run(runner, free(rows=[1])) == ["SKIPPED"]


def test_several_outputs_have_it_each(inline):
    made = split().with_options(codec="raw")
    run(inline, made)
    files = {path.name for path in Path(inline.data_path).rglob("result.dump*")}
    assert files == {"result.dump.raw"}


def test_a_codec_that_there_is_not_is_an_error_before_anything_starts(inline, tmp_path):
    with pytest.raises(CodecRefused, match=r"Free\(\) is to be stored with the codec zap: .*raw"):
        run(inline, free(rows=[1]).with_options(codec="zap"))
    assert PROBE == []

    class Plain(Cache):
        """A store that knows no codecs."""

        def __init__(self):
            super().__init__(MemoryBackend())
            del self.check_codec

    plain = Runner(Plain(), tmp_path / "log", executor="inline")
    with pytest.raises(CodecRefused, match="its store knows no codecs"):
        run(plain, free(rows=[1]).with_options(codec="raw"))
    assert run(plain, free(rows=[1])) == ["SUCCESS"]


@pytest.mark.parametrize(
    ("library", "make"),
    [
        ("numpy", lambda np: np.arange(3)),
        ("pandas", lambda pd: pd.Series([0, 1, 2])),
        ("pandas", lambda pd: pd.DataFrame({"a": [0, 1, 2]})),
        ("polars", lambda pl: pl.Series([0, 1, 2])),
    ],
)
def test_a_false_among_many_truth_values_does_not_pass(library, make):
    value = make(pytest.importorskip(library))
    assert failed_check([lambda rows: rows > 0], value).problem == "1 of 3 are False"
    assert failed_check([lambda rows: rows >= 0, lambda rows: rows], value) is None


def test_a_schemas_method_gives_back_the_value():
    np = pytest.importorskip("numpy")

    class Schema:
        def validate(self, value):
            return value

    assert failed_check([Schema().validate], np.array([True, False])) is None
