from __future__ import annotations

import pytest

from pyperunner_runner.determinism.findings import (
    TaskCheck,
    depends_on,
    differs_each_time,
    differs_from_stored,
    reads_undeclared,
)


@pytest.mark.parametrize(
    ("code", "kind", "named"),
    [
        ("at = time.time()", "time", "time.time"),
        ("datetime.now().date()", "time", "datetime.now"),
        ("when = date.today()", "time", "date.today"),
        ("rng = np.random.default_rng()", "chance", "default_rng()"),
        ("uuid4().hex", "chance", "uuid4"),
        ("with ThreadPoolExecutor() as pool:", "order", "ThreadPoolExecutor"),
        ("rng = np.random.default_rng(seed)", "unknown", ""),
        ("runtime.timeline(time)", "unknown", ""),
        ("", "unknown", ""),
    ],
)
def test_what_a_task_may_depend_on_its_code_mentions(code, kind, named):
    finding = differs_each_time("its output differs", ["[0]: 1 → 2"], [code])
    assert finding.kind == kind
    assert named in finding.text
    assert "its output differs" in finding.text
    assert finding.remedy
    assert finding.details == ("[0]: 1 → 2",)


def test_a_check_is_told_in_lines():
    details = [f"[{number}]: 0 → 1" for number in range(7)]
    check = TaskCheck(
        "Fit()", "depends", (depends_on("folder", "its output differs", details), reads_undeclared(["x"]))
    )
    lines = list(check.lines())
    assert lines[0] == "Fit(): depends on more than its key"
    assert lines[1] == "  in another current folder, its output differs"
    assert lines[6:9] == ["    [4]: 0 → 1", "    … and 2 more", f"  → {check.findings[0].remedy}"]
    assert lines[-2] == "    x"
    assert list(TaskCheck("A()", "same").lines()) == ["A(): the same again"]
    assert "the same each time now" in differs_from_stored([]).text
