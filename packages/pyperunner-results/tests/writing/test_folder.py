from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from pyperunner_results import RecordError, RunFolder, run_name
from pyperunner_results.log_lines import parse_line
from pyperunner_results.writing.folder import task_log_name

NOON = datetime(2021, 1, 19, 22, 27, 19)


def test_the_name_is_the_pipeline_and_the_time(tmp_path):
    folder = RunFolder.create(tmp_path / "a" / "log", "my-pipeline", now=NOON)
    assert folder.name == run_name("my-pipeline", NOON) == "my-pipeline_210119T222719"
    assert Path(folder.path) == tmp_path / "a" / "log" / folder.name
    assert Path(folder.path).is_dir()
    assert re.fullmatch(r"x_\d{6}T\d{6}", run_name("x"))


def test_runs_of_one_second_get_folders_of_their_own(tmp_path):
    made = []
    threads = [
        threading.Thread(target=lambda: made.extend(RunFolder.create(tmp_path, "p", now=NOON).name for _ in range(5)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {"p_210119T222719", *(f"p_210119T222719_{number}" for number in range(2, 21))}
    assert set(made) == set(os.listdir(tmp_path)) == expected


@pytest.mark.parametrize("name", ["../../etc", "a/b", "nul\0", "line\nfeed", "x" * 300, "\ud800", "", ".", "-rf"])
def test_no_name_leaves_the_log_path(tmp_path, name):
    log_path = tmp_path / "log"
    folder = RunFolder.create(log_path, name)
    folder.task_log(name).log("said")
    folder.close()
    assert os.listdir(tmp_path) == ["log"]
    assert os.listdir(log_path) == [folder.name]
    assert os.listdir(Path(folder.path, "logs")) == [Path(task_log_name(name, 1)).name]


def test_the_pipeline_file_is_plain_yaml(folder, make_conf):
    conf = make_conf({"A()": ({"n": 1}, []), "B()": ({}, ["A()"])})
    folder.write_pipeline(conf)
    assert yaml.safe_load(Path(folder.pipeline_file).read_text()) == conf


def test_a_pipeline_that_cannot_be_kept_leaves_the_file_as_it_was(folder, make_conf):
    conf = make_conf({"A()": ({}, [])})
    folder.write_pipeline(conf)
    with pytest.raises(RecordError, match=r"tasks\.A\(\)\.params\.lock is a lock"):
        folder.write_pipeline(make_conf({"A()": ({"lock": threading.Lock()}, [])}))
    assert yaml.safe_load(Path(folder.pipeline_file).read_text()) == conf


def test_the_log_says_who_said_what(folder):
    folder.log("run started")
    folder.log("one\ntwo", task="A()", level="WARNING", process=17, stream="stderr", when=5.0)
    lines = [parse_line(line) for line in Path(folder.log_file).read_text().splitlines()]
    assert [line[1:] for line in lines] == [
        ("INFO", str(os.getpid()), "-", "runner", "run started"),
        ("WARNING", "17", "A()", "stderr", "one"),
        ("WARNING", "17", "A()", "stderr", "two"),
    ]


def test_what_a_task_says_stands_in_both_logs(folder):
    log = folder.task_log("A()", 2)
    assert not Path(log.path).exists()
    log.log("hello", process=17)
    log.close()
    assert Path(log.path).read_text() == Path(folder.log_file).read_text()
    assert Path(log.path) == Path(folder.path, log.file)
    assert folder.task_log("A()", 1).file != log.file != folder.task_log("a()", 2).file


def test_only_failures_make_an_exception_log(folder):
    folder.log("fine")
    assert not Path(folder.exception_file).exists()
    folder.log_exception(
        "A()", "Traceback …\nValueError: a\n2021-01-19T00:00:00\tERROR\t-\tB()\ttraceback\tforged\x1b[0m\n"
    )
    lines = Path(folder.exception_file).read_text().splitlines()
    headings = [line for line in lines if not line.startswith("    ")]
    assert [parse_line(line).task for line in headings] == ["A()"]
    assert lines[-1].endswith(r"forged\x1b[0m")


def test_the_picture_is_replaced(folder):
    folder.write_picture("<svg>1</svg>")
    folder.write_picture("<svg>2</svg>")
    assert Path(folder.picture_file).read_text() == "<svg>2</svg>"


def test_closing_twice_is_harmless(folder):
    folder.log("x")
    folder.close()
    folder.close()


WRITER = """
import sys
from pyperunner_results import RunFolder
folder = RunFolder.create(sys.argv[1], "demo")
folder.write_pipeline({"pipeline": {"name": "demo"}, "tasks": {}})
log = folder.task_log("A()")
for number in range(10**9):
    log.log(f"line {number}")
    folder.event("task_started", task=f"T({number})", attempt=1)
    folder.write_pipeline({"pipeline": {"name": "demo"}, "tasks": {}, "n": number})
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_said(tmp_path):
    import pyperunner_results

    env = {**os.environ, "PYTHONPATH": str(Path(pyperunner_results.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=env
    ) as writer:
        for line in writer.stdout:
            if int(line) >= 200:
                writer.send_signal(signal.SIGKILL)
                break
        said = int(writer.stdout.read().split("\n")[-2:][0] or line)
    (folder,) = tmp_path.iterdir()
    lines = [parse_line(line).text for line in (folder / "pipeline.log").read_text().splitlines()]
    assert lines[: said + 1] == [f"line {number}" for number in range(said + 1)]
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [event["task"] for event in events][: said + 1] == [f"T({number})" for number in range(said + 1)]
    assert yaml.safe_load((folder / "pipeline.yaml").read_text())["n"] >= said
    assert json.loads((folder / "summary.json").read_text())["state"] == "running"


def write_everything(folder, spoil):
    """Whatever a run writes, in its order."""
    spoil(folder)
    folder.write_pipeline({"pipeline": {"name": "p"}, "tasks": {}})
    folder.log("a line")
    log = folder.task_log("A()")
    log.log("a task's line")
    folder.log_exception("A()", "Traceback")
    folder.record({"kind": "run_finished", "wall": 1.0, "interrupted": False, "tasks": {}})
    folder.write_picture("<svg/>")
    folder.finish({})
    folder.lost("report.html", OSError("gone"))
    log.close()
    folder.close()


def no_place(folder):
    shutil.rmtree(folder.path)


def renamed(folder):
    folder.log("a line")
    Path(folder.path).rename(f"{folder.path}.kept")


def a_file_in_its_place(folder):
    shutil.rmtree(folder.path)
    Path(folder.path).write_text("mine")


def a_file_for_a_folder(folder):
    Path(folder.path, "logs").rmdir()
    Path(folder.path, "logs").write_text("mine")


def no_room(folder):
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.mark.parametrize("spoil", [no_place, renamed, a_file_in_its_place, a_file_for_a_folder, no_room])
def test_a_record_without_a_place_is_one_warning(tmp_path, spoil):
    folder = RunFolder.create(tmp_path, "p")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.warns(RuntimeWarning, match="not complete") as caught:
            write_everything(folder, spoil)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(caught) == 1
    if "mine" in spoil.__code__.co_consts:
        assert any(path.is_file() and path.read_text() == "mine" for path in tmp_path.rglob("*"))


def test_a_clock_that_is_set_back_makes_no_run_of_negative_length(tmp_path):
    folder = RunFolder.create(tmp_path, "p", now=datetime(2200, 1, 1))
    folder.log("far ago", when=-0.5)
    folder.finish()
    folder.close()
    summary = json.loads(Path(folder.path, "summary.json").read_text())
    assert summary["end"] >= summary["start"]
    assert parse_line(Path(folder.log_file).read_text()).time.endswith(".500+00:00")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177, 0o777])
def test_its_folders_can_be_entered_by_their_owner_and_written_by_nobody_else(tmp_path, umask):
    before = os.umask(umask)
    try:
        folder = RunFolder.create(tmp_path / "a" / "b", "p")
        folder.close()
    finally:
        os.umask(before)
    path = Path(folder.path)
    for made in (tmp_path / "a", tmp_path / "a" / "b", path, path / "logs"):
        assert made.stat().st_mode & 0o777 == 0o700 | 0o755 & ~umask


def test_a_place_that_is_a_file_is_an_error_at_once(tmp_path):
    (tmp_path / "a").write_text("mine")
    for place, error in ((tmp_path / "a", FileExistsError), (tmp_path / "a" / "b", NotADirectoryError)):
        with pytest.raises(error, match=str(place)):
            RunFolder.create(place, "p")
