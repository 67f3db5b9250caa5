from __future__ import annotations

import json

import pytest

from pyperunner_results import PipelineResult
from pyperunner_results.report.data import report_data

LAYOUT = {
    "width": 100, "height": 100,
    "nodes": [{"name": "A()", "x": 1, "y": 2, "w": 3, "h": 4}, {"name": "B()", "x": 1, "y": 50, "w": 3, "h": 4}],
    "edges": [{"source": "A()", "target": "B()", "points": [[1, 6], [1, 50]]}],
}  # fmt: skip


@pytest.fixture
def data_of(folder, make_conf):
    """Records a run and returns its report's data."""

    def data(tasks, ends=(), layout=None, finish=True):
        folder.write_pipeline(make_conf(tasks))
        folder.event("run_started", layout=layout)
        for facts in ends:
            folder.event("task_finished", **{"attempt": 1, "status": "SUCCESS", **facts})
        if finish:
            folder.finish()
        return report_data(PipelineResult.from_file(folder.path))

    return data


def test_a_run_in_numbers(data_of):
    ends = [{"task": "A()", "wall": 1.0, "start": 0.0, "end": 1.0}, {"task": "B()", "wall": 2.0}]
    data = data_of({"A()": ({"n": 1}, []), "B()": ({}, ["A()"]), "C()": ({}, ["A()"])}, ends)
    assert (data["pipeline"], data["state"], data["counts"]) == ("demo", "success", {"SUCCESS": 2, "NOT_STARTED": 1})
    assert (data["critical"], data["ranks"], data["fold"]) == ([0, 1], [0, 1, 1], False)
    assert [data["sets"][number] for number in data["upstream"]] == [[], [0], [0]]
    assert data["tasks"][0]["params"] == {"n": "1"}
    assert data["tasks"][2] == {
        "name": "C()",
        "kind": "C",
        "status": "NOT_STARTED",
        "hash": data["tasks"][2]["hash"],
    }


def test_the_critical_path_counts_every_attempt_and_the_waits_between(data_of, folder):
    for attempt, kind in ((1, "task_retried"), (2, "task_finished")):
        times = {"start": 10.0 * attempt, "end": 10.0 * attempt + 1, "wall": 1.0}
        folder.event(kind, task="A()", attempt=attempt, status="FAILURE" if attempt == 1 else "SUCCESS", **times)
    data = data_of({"A()": ({}, []), "B()": ({}, [])}, [{"task": "B()", "wall": 5.0}])
    assert (data["critical"], data["critical_seconds"]) == ([0], 11.0)


def test_a_recorded_drawing_is_used_if_it_is_whole(data_of):
    tasks = {"A()": ({}, []), "B()": ({}, ["A()"])}
    assert data_of(tasks, layout=LAYOUT)["layout"] == {
        "boxes": [[1, 2, 3, 4], [1, 50, 3, 4]], "edges": [[0, 1, [[1, 6], [1, 50]]]],
    }  # fmt: skip


@pytest.mark.parametrize(
    "layout",
    [
        None,
        {},
        {"nodes": [], "edges": []},
        {**LAYOUT, "edges": [{"source": "A()"}]},
        {**LAYOUT, "nodes": [{"name": "X()"}]},
        [1],
    ],
)
def test_any_other_drawing_is_left_out(data_of, layout):
    assert data_of({"A()": ({}, []), "B()": ({}, ["A()"])}, layout=layout)["layout"] is None


def test_a_thousand_talkative_failures_stay_small(data_of, folder):
    ends = []
    for number in range(1000):
        log = folder.task_log(f"T({number})")
        log.log("x" * 200 + "\n" + "\n".join(["a long line of some log"] * 60))
        log.close()
        ends.append(
            {
                "task": f"T({number})",
                "status": "FAILURE",
                "error": "e" * 900,
                "traceback": "t\n" * 900,
                "log": log.file,
            }
        )
    data = data_of({f"T({n})": ({"p": "v" * 5000, "q": [1] * 20}, []) for n in range(1000)}, ends)
    assert len(json.dumps(data)) < 2_800_000
    assert data["fold"]
    assert data["tasks"][0]["traceback"].startswith("…")


@pytest.mark.long
def test_very_many_talkative_failures_stay_small_too(data_of, folder):
    tasks = {f"T({n})": ({"p": "v" * 50, "q": [1] * 20}, []) for n in range(15_000)}
    facts = {"status": "FAILURE", "error": "e" * 900, "traceback": "t\n" * 900, "reason": "r" * 900}
    data = data_of(tasks, [{"task": name, **facts} for name in tasks])
    assert len(json.dumps(data)) < 12_000_000
    assert all(task["status"] == "FAILURE" for task in data["tasks"])


def test_texts_hold_no_controls(data_of):
    name = "A(\x1b[31m\u202e)"
    facts = {
        "task": name,
        "status": "FAILURE",
        "error": "\x1b[2J",
        "reason": "a\nb",
        "traceback": "1\n\x1b2\r3",
        "undeclared": ["\x07"],
    }
    (task,) = data_of({name: ({"p\x00": "\x1b"}, [])}, [facts])["tasks"]
    assert task["name"] == r"A(\x1b[31m\u202e)"
    assert (task["error"], task["reason"], task["traceback"]) == (r"\x1b[2J", r"a\nb", "1\n" + r"\x1b2\r3")
    assert (task["params"], task["undeclared"]) == ({r"p\x00": r"\x1b"}, [r"\x07"])


def test_a_run_that_goes_on_and_one_that_was_edited_are_shown(data_of):
    data = data_of({"A()": ({}, ["B()"]), "B()": ({}, ["A()"])}, finish=False)
    assert (data["state"], data["ranks"]) == ("running", [0, 0])
    assert data["seconds"] >= 0


def test_facts_of_a_wrong_type_do_no_harm(data_of):
    odd = {"task": "A()", "start": "x", "end": [], "wall": {}, "undeclared": 5, "exit": {}, "traceback": 3, "error": 4}
    data_of({"A()": ({}, [])}, [odd])
