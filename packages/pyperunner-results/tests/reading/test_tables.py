from __future__ import annotations

import sys

import pytest

from pyperunner_results import PipelineResult

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def results(folder, make_conf, json_folder, tmp_path):
    conf = make_conf({"Load(a)": ({"n": 1}, []), "Load(b)": ({}, []), f"Train({EVIL})": ({}, ["Load(a)"])}, name=EVIL)
    folder.write_pipeline(conf)
    folder.event("task_finished", task="Load(a)", attempt=0, status="SKIPPED", reason="up to date")
    folder.event("task_started", task="Load(b)", attempt=1)
    folder.event(
        "task_finished", task="Load(b)", attempt=1, status="SUCCESS", start=0.0, end=2.5, wall=2.5, max_rss=1 << 20
    )
    folder.event(
        "task_finished", task=f"Train({EVIL})", attempt=1, status="FAILURE", error=f"ValueError: {EVIL}\x1b[31m"
    )
    folder.finish()
    return PipelineResult.from_file(folder.path, json_folder(tmp_path / "data"))


def test_a_run_on_one_line(results, make_conf):
    assert repr(results) == f"<PipelineResult '{EVIL}': 3 tasks, failure, 1 skipped, 1 success, 1 failure>"
    assert repr(PipelineResult(make_conf({"A()": ({}, [])}))) == "<PipelineResult 'demo': 1 task>"


def test_tasks_are_chosen_by_glob_outcome_and_execution(results):
    assert [task.name for task in results.select("Load(*)")] == ["Load(a)", "Load(b)"]
    assert [task.name for task in results.select("load*")] == []
    assert [task.name for task in results.failed] == [f"Train({EVIL})"]
    assert [task.name for task in results.executed] == ["Load(b)", f"Train({EVIL})"]


def test_no_text_becomes_markup(results):
    html = results._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;" in html
    assert "<td>2.50 s</td><td>1.00 MiB</td>" in html


def test_a_long_table_is_cut(make_conf):
    html = PipelineResult(make_conf({f"T({n})": ({}, []) for n in range(500)}))._repr_html_()
    assert html.count("<tr>") == 201
    assert "300 more tasks" in html


def test_one_row_per_task_in_a_frame(results):
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = results.to_frame()
    assert list(frame.index) == list(results)
    assert frame.loc["Load(b)", "wall"] == 2.5
    assert frame.loc["Load(b)", "end"] == pd.Timestamp("1970-01-01 00:00:02.5", tz="UTC")
    assert frame.loc["Load(a)", "attempts"] == 0
    assert frame.loc["Load(a)", "params"] == {"n": 1}
    assert pd.isna(frame.loc["Load(a)", "start"])
    assert frame["memory_peak"].max() == 1 << 20


def test_a_run_without_record_makes_a_frame_too(make_conf):
    pytest.importorskip("pandas", reason="pandas is not installed")
    assert len(PipelineResult(make_conf({"A()": ({}, [])})).to_frame()) == 1
    assert len(PipelineResult(make_conf({})).to_frame()) == 0


def test_without_pandas_it_names_what_to_install(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        results.to_frame()
