"""What a runner says of the code counts where nobody else says so."""

from __future__ import annotations

import pytest

from pyperunner_dag import CodeGapError, OptionError, Pipeline, Task, run
from pyperunner_runner import replay


class Dynamic(Task):
    @run
    def run(self, name="Dynamic"):
        return str(globals()[name])


def test_a_runner_and_a_pipeline_say_what_counts(kit):
    plain = kit.abc()
    kit.runner().run(plain)
    keys = [task.key for task in plain.dag()]
    kit.runner(code="own").run(plain)
    assert kit.executed() == ["a", "b", "c"] * 2
    own = [task.key for task in plain.dag()]
    assert not {*keys} & {*own}
    for runner in (kit.runner(code="own"), kit.runner()):
        runner.run(plain)
    assert kit.executed() == []
    assert [task.key for task in plain.dag()] == keys

    said = kit.abc()
    said.options = Pipeline("x", code="own").options
    kit.runner(code="deep").run(said)
    assert kit.executed() == []
    assert [task.key for task in said.dag()] == own


def test_the_record_keeps_what_counted(kit):
    pipeline = kit.abc()
    kit.runner(code="off", packages="version", ignore=["x"]).run(pipeline)
    results = pipeline.results()
    assert results.conf["pipeline"]["options"] == {"code": "off", "ignore": ["x"], "packages": "version"}
    again = Pipeline.from_dict(results.conf)
    assert [task.key for task in again.dag()] == [task.key for task in pipeline.dag()]
    kit.executed()
    kit.runner().run(again)
    assert kit.executed() == []
    assert replay(results, "Count(b)") == results["Count(b)"] == 2


def test_strict_refuses_before_anything_starts(kit):
    with pytest.raises(CodeGapError, match=r"task Dynamic \(tag 'd'\): .*\n  .*globals"):
        kit.runner(strict=True).run(Pipeline("p", [Dynamic("d"), kit.task("a")]))
    assert kit.executed() == []
    assert not kit.log_path.exists() or not list(kit.log_path.iterdir())


def test_bad_options_are_refused(kit):
    with pytest.raises(OptionError, match=r"^option code: it takes 'deep', 'own', 'off'"):
        kit.runner(code="all")
