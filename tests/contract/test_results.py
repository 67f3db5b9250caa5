"""PipelineResult: reading the outputs of a run, here or elsewhere, now or later."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import yaml

import pyperunner
from pyperunner import PipelineResult


@pytest.fixture
def ran(kit):
    """A finished run of a -> b -> c: its pipeline and the path of its record."""
    pipeline, _ = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    return pipeline, runner, Path(runner.pipeline_params_filename())


EXPECTED = {"Count(a)": 1, "Count(b)": 2, "Count(c)": 3}


def test_it_iterates_over_task_names_and_loads_by_name(ran):
    """`for name in results: results[name]`, as the documentation of the first version shows it."""
    pipeline, runner, path = ran
    for results in (pipeline.results(), runner.results(), PipelineResult.from_file(str(path))):
        assert isinstance(results, PipelineResult)
        assert list(results) == list(EXPECTED)
        assert {name: results[name] for name in results} == EXPECTED


def test_an_unknown_name_is_a_key_error(ran):
    """Also for a class name without its tag, a number, and a name that differs by case."""
    results = ran[0].results()
    for name in ("Count", "Count()", "count(a)", "Nothing(x)", 0):
        with pytest.raises(KeyError):
            results[name]


def test_a_record_is_a_plain_dict_as_well(ran):
    """`PipelineResult(conf)` takes what YAML gives; the data path is `run.data_path` then."""
    _, _, path = ran
    conf = yaml.safe_load(path.read_text())
    assert dict(PipelineResult(conf)) == EXPECTED
    assert dict(PipelineResult(conf=conf, data_path="")) == EXPECTED


def test_a_data_path_of_ones_own_wins_over_the_recorded_one(ran, kit):
    """By the constructor, as text, as a path."""
    _, _, path = ran
    conf = yaml.safe_load(path.read_text())
    shutil.copytree(kit.data_path, kit.folder / "copy")
    shutil.rmtree(kit.data_path)
    for place in (str(kit.folder / "copy"), kit.folder / "copy"):
        assert dict(PipelineResult(conf, place)) == EXPECTED
    del conf["run"]
    assert PipelineResult(conf, str(kit.folder / "copy"))["Count(c)"] == 3


def test_a_moved_store_is_found_by_set_data_path(ran, kit):
    """Without it the output is not there, and the error is clear; with it everything is."""
    _, _, path = ran
    results = PipelineResult.from_file(path)
    kit.data_path.rename(kit.folder / "moved")
    with pytest.raises(Exception, match="data") as caught:
        results["Count(a)"]
    assert "set_data_path" in str(caught.value)
    results.set_data_path(kit.folder / "moved")
    assert dict(results) == EXPECTED
    assert not kit.data_path.exists()


def test_the_recorded_path_holds_in_another_directory(ran, monkeypatch, tmp_path):
    """The record may be read from anywhere."""
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert PipelineResult.from_file(ran[2])["Count(b)"] == 2


def test_no_module_that_a_file_names_is_imported(project):
    """Results are read where the module of the tasks does not exist, or must not be executed."""
    project.write(
        "tasks_here.py",
        """
        from pyperunner import task
        open("imported", "a").write("x")

        @task("One")
        def one(n=1):
            return {"n": n}
        """,
    )
    make = "import tasks_here as t, pyperunner as p; p.Runner('data', 'logs').run(p.Pipeline('p', [t.one(n=2)]))"
    project.python("-c", make)
    (project.folder / "imported").unlink()
    read = """if True:
        import sys, pyperunner
        from pathlib import Path
        (path,) = Path("logs").glob("*/pipeline.yaml")
        results = pyperunner.PipelineResult.from_file(str(path))
        print(list(results), results["One()"], results.task("One()").params, "tasks_here" in sys.modules)
    """
    expected = "['One()'] {'n': 2} {'n': 2} False"
    assert project.python("-c", read) == expected
    assert not (project.folder / "imported").exists()
    (project.folder / "tasks_here.py").unlink()
    assert project.python("-c", read) == expected


def test_reading_imports_no_graph_and_no_runner(project, ran):
    """Results alone are enough to read results."""
    code = f"""if True:
        import sys, pyperunner
        print(pyperunner.PipelineResult.from_file({str(ran[2])!r})["Count(c)"])
        print([m for m in ("pyperunner_dag", "pyperunner_runner", "networkx", "numpy") if m in sys.modules])
    """
    assert project.python("-c", code).splitlines() == ["3", "[]"]


def test_outputs_are_loaded_when_asked_for(ran):
    """Making results reads no output; each access reads anew."""
    pipeline, _, path = ran
    results = PipelineResult.from_file(path)
    (c,) = (node for node in pipeline.create_graph() if node.tag == "c")
    first = results["Count(c)"]
    Path(c.output_filename()).unlink()
    assert first == 3
    with pytest.raises(KeyError):
        results["Count(c)"]
    assert results["Count(a)"] == 1


def test_a_skipped_task_has_its_output_all_the_same(ran):
    """The results of a run in which nothing executed are complete."""
    pipeline, runner, _ = ran
    runner.run(pipeline)
    assert dict(runner.results()) == EXPECTED


def test_a_failed_task_has_no_output(kit):
    """A KeyError for it, outputs for the others."""
    bad = kit.task("bad", fail=True)
    pipeline = pyperunner.Pipeline("p", [bad, kit.task("good")])
    kit.runner().run(pipeline)
    assert pipeline.results()["Count(good)"] == 1
    with pytest.raises(KeyError):
        pipeline.results()["Count(bad)"]


def test_what_is_no_record_is_refused(tmp_path):
    """Another kind of file: an error that names it, nothing executed."""
    for number, text in enumerate(["", "[1]", "a: 1", f"!!python/object/apply:os.mkdir ['{tmp_path}/made']"]):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        with pytest.raises(Exception, match=path.name):
            PipelineResult.from_file(path)
    assert not (tmp_path / "made").exists()
    with pytest.raises(Exception, match=r"absent\.yaml"):
        PipelineResult.from_file(tmp_path / "absent.yaml")
    assert "antigravity" not in sys.modules
