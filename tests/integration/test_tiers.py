"""Runs over a near and a far store: of two hosts that share the far one, and when it fails."""

from __future__ import annotations

import pytest

FLOW = """
import sys
from pyperunner import Pipeline, PipelineResult, Runner, task

@task("One")
def one(n):
    open("trace", "a").write("one ")
    return n

@task("Two")
def two(data):
    open("trace", "a").write("two ")
    return sum(data)

first = one(n=20)
last = two()(first)
runner = Runner(sys.argv[1], "logs", executor=sys.argv[2])
runner.run(Pipeline("p", [first]), raise_on_failure=True)
print(last.output, last.status.name, PipelineResult.from_file(runner.pipeline_params_filename())["Two()"])
"""


def _url(project, near, far="far"):
    return f"tiered://?near={project.folder}/{near}&far={project.folder}/{far}"


@pytest.mark.parametrize("executor", ["process", "inline"])
def test_two_hosts_share_the_far_store(project, executor):
    flow = project.write("flow.py", FLOW)
    assert project.python(flow, _url(project, "near1"), executor).split() == ["20", "SUCCESS", "20"]
    assert project.python(flow, _url(project, "near2"), executor).split() == ["20", "SKIPPED", "20"]
    assert (project.folder / "trace").read_text() == "one two "
    records = "".join(path.read_text() for path in project.folder.glob("logs/*/pipeline.yaml"))
    for near in ("near1", "near2"):
        assert f"tiered://?near={project.folder}/{near}&far={project.folder}/far" in records


def test_a_far_store_that_fails_loses_no_finished_work(project):
    """The far store cannot be made (a file is in its way); what is finished is found again, and handed on later."""
    flow = project.write("flow.py", FLOW)
    blocked = _url(project, "near", "blocked/far")
    project.write("blocked", "a file")
    assert project.python(flow, blocked, "process").split()[-3:] == ["20", "SUCCESS", "20"]
    assert project.python(flow, blocked, "process").split()[-3:] == ["20", "SKIPPED", "20"]
    (project.folder / "blocked").unlink()
    code = f"from pyperunner_cache import open_store; open_store({blocked!r}).gc()"
    project.python("-c", code)
    assert project.python(flow, project.folder / "blocked" / "far", "process").split() == ["20", "SKIPPED", "20"]
    assert (project.folder / "trace").read_text() == "one two "
