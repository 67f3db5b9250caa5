from __future__ import annotations

import pytest

from pyperunner_results import RunSummary
from pyperunner_results.upkeep.removal import remove_run, runs_to_remove


def run(name, pipeline="p", state="success", start=0.0):
    return RunSummary(f"/{name}", name, state, pipeline=pipeline, start=start)


RUNS = [
    run("damaged", None, "broken", None),
    run("a", start=100.0),
    run("b", start=200.0),
    run("other", "q", start=300.0),
    run("going", state="running", start=400.0),
    run("cut", state="interrupted", start=500.0),
    run("c", state="failure", start=900.0),
]


@pytest.mark.parametrize(
    ("keep_last", "older", "gone"),
    [
        (0, None, ["a", "b", "other", "cut", "c"]),
        (1, None, ["a", "b", "cut"]),
        (3, None, ["a", "b"]),
        (9, None, []),
        (None, 0.0, ["a", "b", "other", "cut", "c"]),
        (None, 600.0, ["a", "b", "other"]),
        (1, 600.0, ["a", "b"]),
    ],
)
def test_what_is_late_young_running_or_broken_stays(keep_last, older, gone):
    assert [each.name for each in runs_to_remove(RUNS, 1000.0, keep_last, older)] == gone


def test_a_folder_goes_whole_and_a_link_alone(tmp_path):
    (tmp_path / "real" / "logs").mkdir(parents=True)
    (tmp_path / "real" / "logs" / "a").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    remove_run(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["real"]
    remove_run(tmp_path / "real")
    assert not list(tmp_path.iterdir())
