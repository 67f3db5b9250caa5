from __future__ import annotations

import pytest

from pyperunner_results.reading.places import recorded_base_dir, recorded_data_path


def conf(data_path, log_path="/gone/project/runs", base_dir="/gone/project"):
    return {"run": {"data_path": data_path, "log_path": log_path, "env": {"base_dir": base_dir}}}


@pytest.fixture
def moved(tmp_path):
    """A project that once was /gone/project; its only run."""
    folder = tmp_path / "project" / "runs" / "it"
    folder.mkdir(parents=True)
    (tmp_path / "project" / "data").mkdir()
    return folder


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        ("/gone/project/data", "{project}/data"),
        ("file:///gone/project/data", "file://{project}/data"),
        ("sqlite:///gone/project/data", "sqlite://{project}/data"),
        ("/gone/project/other", "/gone/project/other"),
        ("/", "/"),
        ("s3://bucket/data", "s3://bucket/data"),
        ("relative", "relative"),
        ("/nul\0", "/nul\0"),
        ("", ""),
        (7, "7"),
    ],
)
def test_what_is_gone_is_looked_for_beside_the_record(moved, recorded, found):
    assert recorded_data_path(conf(recorded), moved) == found.format(project=moved.parent.parent)
    assert recorded_data_path(conf(recorded), None) == str(recorded)


def test_what_is_still_there_comes_first(moved, tmp_path):
    (tmp_path / "was").mkdir()
    record = conf(f"{tmp_path}/was", f"{tmp_path}/runs", f"{tmp_path}/was")
    assert recorded_data_path(record, moved) == recorded_base_dir(record, moved) == f"{tmp_path}/was"


def test_so_is_the_folder_of_modules(moved):
    assert recorded_base_dir(conf("/x"), moved) == str(moved.parent.parent)
    assert recorded_base_dir(conf("/x", log_path=None), moved) == "/gone/project"
    assert recorded_base_dir({"run": "no section"}, moved) == recorded_base_dir({}, moved) == ""
