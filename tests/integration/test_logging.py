"""What a run says to a program that has configured nothing, and to one that has."""

from __future__ import annotations

FLOW = """
import logging, sys
from pyperunner import Pipeline, Runner, task

@task("Bad")
def bad():
    raise ValueError("no way\\x1b[31m")

@task("Next")
def after(data):
    return data

if "INFO" in sys.argv:
    logging.basicConfig(level="INFO", format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
first = bad()
after()(first)
Runner("data", "runs").run(Pipeline("p", [first]))
"""


def say(project, *arguments):
    project.write("flow.py", FLOW)
    process = project.start(*arguments)
    return process.communicate(timeout=60)


def test_a_failure_is_never_silent(project):
    out, err = say(project, "flow.py")
    assert out == ""
    assert err.startswith("Bad() failed: ValueError: no way\\x1b[31m (traceback in ")
    [log] = project.folder.glob("runs/*/exception.log")
    assert err.rstrip().endswith(f"{log})")


def test_a_program_that_has_configured_its_logging_hears_of_start_and_end_too(project):
    out, err = say(project, "flow.py", "INFO")
    lines = out.splitlines()
    assert lines[0] == "INFO pyperunner run of p: 2 tasks, 2 to execute"
    assert lines[1].startswith("ERROR pyperunner Bad() failed: ValueError")
    assert lines[2].startswith("INFO pyperunner run of p: finished after ")
    assert err == ""


def test_the_command_says_it_in_its_own_way(project):
    project.write("made.py", FLOW.partition("if ")[0] + "pipeline = Pipeline('p', [bad()])\n")
    process = project.start("-m", "pyperunner_cli", "run", "made.py")
    out, err = process.communicate(timeout=60)
    assert "FAILED Bad()" in out
    assert err == ""
