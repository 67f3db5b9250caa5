"""Stores of single tasks: ``Options(store=…)`` keeps one task's output elsewhere, for everybody who reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner import Pipeline, PipelineResult, Runner, Task, task
from pyperunner_cache import open_store
from pyperunner_dag import OptionError, RoutedStore
from pyperunner_dag.testing import OutputStoreContract
from pyperunner_runner.errors import CodecRefused, StoreNotWritable


@task("Load")
def load(n):
    return list(range(n))


@task("Split", outputs=("low", "high"))
def split(rows):
    return rows[:1], rows[1:]


@task("Any")
def any_of(rows):
    return bool(rows)


@task("Square")
def square(x):
    return x * x


@task("Total")
def total(rows, squares=(), low=()):
    return sum(rows) + sum(squares) + sum(low)


@pytest.fixture
def flow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Flow(tmp_path)


class Flow:
    """A folder in which pipelines run."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *tasks, data="data", executor="inline", **options):
        """Run tasks; return the names of those that were executed."""
        self.runner = Runner(data, "log", executor=executor, **options)
        self.runner.run(Pipeline("own", tasks), raise_on_failure=True)
        return self.executed()

    def executed(self):
        return sorted(name for name, task in self.runner.results().record.tasks.items() if task.by_attempt)

    def names(self, place):
        """The names under which a store has entries."""
        return sorted({entry["key"].rpartition("/")[0] for entry in open_store(place).entries()})


def graph(place, **options):
    rows = load(n=3).with_options(store=place, **options)
    low, _ = split(rows=rows).with_options(store="sqlite:///splits.db")
    squares = square.map(x=rows).with_options(store="squares")
    return total(rows=rows, squares=squares, low=low)


@pytest.mark.parametrize("executor", ["inline", "process", "pool"])
def test_outputs_lie_where_they_are_to_and_are_found_there(flow, executor):
    last = graph("own")
    assert flow.run(last, executor=executor) == [
        "Load()", "Split()", "Square(*)[0]", "Square(*)[1]", "Square(*)[2]", "Total()",
    ]  # fmt: skip
    assert flow.names("own") == ["Load()"]
    assert flow.names("squares") == ["Square(*)"]
    assert flow.names("sqlite:///splits.db") == ["Split()", "Split().high", "Split().low"]
    assert flow.names("data") == ["Total()"]
    assert last.output == 8
    assert last.inputs["rows"].output == [0, 1, 2]
    assert "own" in last.inputs["rows"].output_filename()
    assert flow.run(graph("own"), executor=executor) == []
    results = PipelineResult.from_file(flow.runner.run_folder)
    for found in (results, flow.runner.results()):
        assert found["Load()"] == [0, 1, 2]
        assert found["Split().low"] == [0]
        assert list(found["Square(*)"]) == [0, 1, 4]
        assert found.task("Load()").output_exists()
        assert found.task("Square(*)[1]").output == 1


def test_it_is_no_part_of_the_key_but_of_the_place(flow):
    assert load(n=3).hash() == load(n=3).with_options(store="own").hash()
    flow.run(load(n=3))
    assert flow.run(load(n=3).with_options(store="own")) == ["Load()"]  # there it is not
    assert flow.run(load(n=3)) == []


def test_each_store_is_asked_once(flow, monkeypatch):
    flow.run(graph("own"))
    asked = []
    kind = type(open_store("own"))
    missing = kind.missing
    monkeypatch.setattr(kind, "missing", lambda self, keys: asked.append(self.spec()["url"]) or missing(self, keys))
    runner = Runner("data", "log", executor="inline")
    runner.set_pipeline(Pipeline("own", [graph("own")]))
    runner.analyze_pipeline()
    assert sorted(Path(place).name for place in asked) == ["data", "own", "splits.db", "squares"]


def test_a_lone_task_and_saved_pipelines_keep_it(flow):
    alone = load(n=2).with_options(store="own")
    alone.set_data_path("data")
    alone.store_output([5])
    assert (alone.load_output(), flow.names("own"), Path("data").exists()) == ([5], ["Load()"], False)
    Pipeline("own", [load(n=2).with_options(store="own")]).to_file("own.yaml")
    read = Pipeline.from_file("own.yaml")
    assert read.dag()["Load()"].options.store == "own"
    runner = Runner("data", "log", executor="inline")
    runner.run(read)
    assert runner.results()["Load()"] == [5]


def test_a_moved_project_finds_them(flow):
    flow.run(graph("own"))
    moved = flow.folder.parent / f"{flow.folder.name}-moved"
    flow.folder.rename(moved)
    found = PipelineResult.from_file(moved / "log" / Path(flow.runner.run_folder).name)
    assert found["Load()"] == [0, 1, 2]
    found.set_data_path(moved / "data")
    assert (found["Load()"], found["Total()"]) == ([0, 1, 2], 8)


def test_no_password_can_be_in_it():
    for place in ("s3://key:s3cret@bucket/x", "redis://:s3cret@host/0", "s3://bucket?secret=s3cret"):
        with pytest.raises(OptionError, match="option store: it is recorded, so it can't hold a password") as caught:
            load(n=1).with_options(store=place)
        assert "s3cret" not in str(caught.value)
    for wrong in ("", 3, b"x"):
        with pytest.raises(OptionError, match="it takes the folder or URL of a store"):
            load(n=1).with_options(store=wrong)


def test_what_cannot_be_opened_or_would_meet_is_said_before_anything_starts(flow):
    with pytest.raises(OptionError, match=r"Load.*option store: .*nowhere"):
        flow.run(load(n=1).with_options(store="nowhere://x"))
    world = Pipeline("world")
    for name, place in (("eu", "eu-data"), ("us", "us-data")):
        world.include(Pipeline("one", [load(n=1).with_options(store=place)]), prefix=name)
    runner = Runner("data", "log")
    with pytest.raises(OptionError, match=r"shares its outputs, under the name Load\(\), and keeps them elsewhere"):
        runner.run(world)
    with pytest.raises(CodecRefused, match=r"Load\(\) .*codec nothing"):
        flow.run(load(n=1).with_options(store="own", codec="nothing"))
    Path("file").write_text("")
    with pytest.raises(StoreNotWritable, match="file/below"):
        flow.run(load(n=1).with_options(store="file/below"))
    assert not Path("data/Load()").exists()


def test_one_that_fails_costs_nothing_and_the_others_go_on(flow, caplog):
    Path("broken.db").write_bytes(b"no database" * 1000)
    last = graph("sqlite:///broken.db")
    flow.run(last)
    assert last.output == 8
    assert last.inputs["rows"].output == [0, 1, 2]
    said = [record.getMessage() for record in caplog.records if record.name == "pyperunner.stores"]
    assert len(said) == 1
    assert said[0].startswith("outputs are not stored, but kept in")
    assert flow.names("data") == ["Total()"]
    assert flow.run(graph("sqlite:///broken.db"))[0] == "Load()"


def test_what_follows_the_data_finds_it_where_a_store_that_fails_left_it(flow):
    Path("broken.db").write_bytes(b"no database" * 1000)
    rows = load(n=3)
    last = total(rows=rows, squares=square.map(x=rows).when(any_of(rows=rows)))
    flow.run(last, data="sqlite:///broken.db")
    assert last.output == 8


def test_outputs_that_are_not_kept_go_from_their_own_store(flow):
    assert "Load()" in flow.run(graph("own", cache=False))
    assert (flow.names("own"), flow.names("data")) == ([], ["Total()"])


def test_one_that_no_other_process_can_open_runs_inline_only(flow):
    assert flow.run(load(n=3).with_options(store="memory://")) == ["Load()"]
    with pytest.raises(Exception, match="memory"):
        flow.run(load(n=3).with_options(store="memory://"), executor="process")


def test_accept_and_early_cutoff_work_across_stores(flow):
    def pipeline(n):
        rows = load(n=n).with_options(store="own")
        return Pipeline("own", [total(rows=rows)])

    for n, expected in ((3, ["Load()", "Total()"]), (-3, ["Load()", "Total()"]), (-4, ["Load()"])):
        runner = flow.runner = Runner("data", "log", executor="inline", early_cutoff=True)
        runner.run(pipeline(n))
        assert flow.executed() == expected


class TestRoutedStore(OutputStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        other = open_store(f"sqlite:///{tmp_path}/other.db")
        return RoutedStore(open_store(tmp_path / "first"), {"Task(tag)": other, "Task(3)": other, "A()": other})


def test_it_has_the_abilities_that_all_of_its_stores_have(tmp_path):
    class Plain:
        def __init__(self):
            self.inner = open_store("memory://")
            self.missing, self.load, self.save, self.meta = (
                self.inner.missing, self.inner.load, self.inner.save, self.inner.meta,
            )  # fmt: skip

        def spec(self):
            return None

    file = open_store(tmp_path / "data")
    both, other = RoutedStore(file, {"A()": file}), RoutedStore(file, {"A()": Plain()})
    for ability in ("alias", "delete", "entries", "load_with_digest", "locate", "lock"):
        assert hasattr(both, ability)
        assert hasattr(other, ability) == (ability == "lock")
    assert (both.survives_fork, other.survives_fork, other.spec()) == (True, False, None)
    with other.lock("A()/1"), other.lock("B()/1"):
        pass
    other.save("A()/1", [1])
    assert (other.load("A()/1"), file.missing(["A()/1"]), other.unusable(["A()/1"])) == ([1], {"A()/1"}, {})


def test_an_alias_across_stores_is_a_copy(tmp_path):
    first, second = open_store(tmp_path / "first"), open_store(tmp_path / "second")
    store = RoutedStore(first, {"B()": second})
    store.save("A()/1", [1])
    store.alias("B()/1", "A()/1")
    store.alias("A()/2", "A()/1")
    first.delete("A()/1")
    assert (store.load("B()/1"), store.missing(["B()/1"]), store.missing(["A()/2"])) == ([1], set(), set())
    with pytest.raises(KeyError):
        store.load("A()/2")


def test_classes_have_one_too(flow):
    class Late(Task):
        from pyperunner import run
        from pyperunner_dag import Options

        options = Options(store=Path("late"))

        @run
        def run(self):
            return 1

    assert flow.run(Late()) == ["Late()"]
    assert flow.names("late") == ["Late()"]
