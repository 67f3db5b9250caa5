from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

FAILING = """
from pyperunner_dag import Pipeline, task

@task("Good")
def good():
    return 1

@task("Bad")
def bad(data):
    raise ValueError("no good")

@task("After")
def after(data):
    return data

first = good()
second = bad()(first)
after()(second)
pipeline = Pipeline("failing", [first])
"""
SLEEPING = """
import time
from pyperunner_dag import Pipeline, task

@task("Sleep")
def sleep():
    open("started", "w").close()
    time.sleep(60)

pipeline = Pipeline("sleeping", [sleep()])
"""
SCRIPT = """
from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner

@task("Who")
def who(n=1):
    return __name__

pipeline = Pipeline("script", [who()])

if __name__ == "__main__":
    runner = Runner("pyperunner-data", "pyperunner-runs")
    runner.run(pipeline)
"""


def test_a_second_run_executes_nothing(say, flow: Path) -> None:
    cold, warm = say("run", "flow.py"), say("run", "flow.py")
    assert (cold.code, warm.code) == (0, 0)
    assert cold.out.splitlines()[0] == "flow: 2 tasks, 2 to execute"
    assert "\n2 executed, 0 skipped in " in cold.out
    assert "\n0 executed, 2 skipped in " in warm.out
    assert "results: pyperunner-runs/flow_" in warm.out


def test_it_says_where_record_and_report_are_and_how_to_see_the_output(say, flow: Path, folder: Path) -> None:
    *_, results, report, output = say("run", "flow.py").out.splitlines()
    record = results.removeprefix("results: ")
    assert (folder / record / "pipeline.yaml").is_file()
    assert report == f"report: {record}/report.html"
    assert (folder / record / "report.html").is_file()
    name, *argv = shlex.split(output.removeprefix("output: "))
    assert (name, say(*argv).out) == ("pyperunner", "6\n")
    assert "report: " not in say("run", "flow.py", "--no-report", "--force").out


def test_a_run_with_nothing_to_do_says_how_to_get_a_report_and_writes_it_when_asked(say, flow: Path) -> None:
    say("run", "flow.py")
    *_, results, report, output = say("run", "flow.py").out.splitlines()
    record = results.removeprefix("results: ")
    assert not Path(record, "report.html").exists()
    assert output.startswith("output: ")
    name, *argv = shlex.split(report.removeprefix("report: "))
    assert (name, say(*argv).out) == ("pyperunner", f"{record}/report.html\n")
    assert Path(record, "report.html").is_file()
    assert say("run", "flow.py", "--report").out.splitlines()[-2].endswith("/report.html")


def test_it_names_no_output_that_is_not_there(say, write) -> None:
    write("failing.py", FAILING)
    assert "output: " not in say("run", "failing.py").out


def test_a_changed_param_executes_what_depends_on_it(say, flow: Path) -> None:
    say("run", "flow.py")
    said = say("run", "flow.py", "--set", "Double().times=4")
    assert said.out.startswith("flow: 2 tasks, 1 to execute\n[1/1] done Double()")
    assert "\n1 executed, 1 skipped in " in said.out
    assert "\n2 executed, 0 skipped in " in say("run", "flow.py", "--set", "Number().value=4").out


def test_force_executes_everything(say, flow: Path) -> None:
    say("run", "flow.py")
    assert "\n2 executed, 0 skipped in " in say("run", "flow.py", "--force").out


def test_verbose_shows_what_tasks_print(say, flow: Path) -> None:
    assert "doubling" not in say("run", "flow.py").out
    assert "Double() | doubling\n" in say("run", "flow.py", "--force", "--verbose", "-j", "1").out


def test_a_failure_is_1_and_says_what_why_and_where(say, write, folder: Path) -> None:
    write("failing.py", FAILING)
    said = say("run", "failing.py")
    assert said.code == 1
    assert "FAILED Bad()" in said.out
    assert "\n1 executed, 0 skipped, 1 failed, 1 could not run in " in said.out
    assert "  Bad(): ValueError: no good\n" in said.out
    assert "could not run: After()\n" in said.out
    named = [line.strip() for line in said.out.splitlines() if line.startswith("    pyperunner-runs")]
    assert len(named) == 1
    assert (folder / named[0]).is_file()


def test_tasks_can_be_selected(say, flow: Path) -> None:
    early = say("run", "flow.py", "--only", "Double()")
    assert (early.code, "Number()" in early.err, "Traceback" in early.err) == (2, True, False)
    assert "\n1 executed, 1 skipped in " in say("run", "flow.py", "--until", "Number()").out
    assert "\n1 executed, 1 skipped in " in say("run", "flow.py", "--from", "Dou*").out


def test_the_first_failure_can_end_the_run(say, write) -> None:
    write(
        "two.py",
        """
        import time
        from pyperunner_dag import Pipeline, task

        @task("Bad")
        def bad():
            raise ValueError("no good")

        @task("Other")
        def other(n):
            return n

        pipeline = Pipeline("two", [bad(), other(n=1)])
        """,
    )
    assert "\n1 executed, 0 skipped, 1 failed in " in say("run", "two.py", "-j1", "--keep-going").out
    said = say("run", "two.py", "-j1", "--fail-fast", "--force")
    assert (said.code, "\n0 executed, 0 skipped, 1 failed, 1 could not run in " in said.out) == (1, True)


def test_resources_are_given_by_name_and_amount(say, write) -> None:
    write(
        "gpu.py",
        """
        from pyperunner_dag import Pipeline, task

        @task("Train", resources={"gpu": 2})
        def train():
            return 1

        pipeline = Pipeline("gpu", [train()])
        """,
    )
    short = say("run", "gpu.py", "--resource", "gpu=1")
    assert (short.code, "Train() needs 2 gpu, and the runner has 1" in short.err) == (2, True)
    assert say("run", "gpu.py", "--resource", "gpu=2").code == 0
    assert say("run", "gpu.py", "--resource", "gpu").code == 2


@pytest.mark.parametrize(
    ("options", "where"), [(["--executor", "inline"], "out"), (["--start-method", "spawn"], "log")]
)
def test_how_tasks_are_carried_out_can_be_chosen(say, flow: Path, folder: Path, options: list[str], where: str) -> None:
    said = say("run", "flow.py", *options)
    assert said.code == 0
    (log,) = folder.glob("pyperunner-runs/*/pipeline.log")
    heard = {"out": "doubling" in said.out, "log": "doubling" in log.read_text()}
    assert heard == {"out": where == "out", "log": where == "log"}


@pytest.mark.parametrize(("option", "known"), [("--executor", "inline"), ("--start-method", "forkserver")])
def test_an_unknown_way_to_carry_them_out_lists_the_known_ones(say, flow: Path, option: str, known: str) -> None:
    said = say("run", "flow.py", option, "nothing")
    assert (said.code, said.out) == (2, "")
    assert known in said.err


def test_places_can_be_chosen(say, flow: Path, folder: Path) -> None:
    assert say("run", "flow.py", "--data-path", "here", "--log-path", "there").code == 0
    assert (folder / "here").is_dir()
    assert list((folder / "there").glob("flow_*/pipeline.yaml"))


def test_an_unknown_store_scheme_is_a_sentence(say, flow: Path) -> None:
    said = say("run", "flow.py", "--data-path", "gopher://x")
    assert said.code == 2
    assert "gopher" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("place", ["--data-path", "--log-path"])
@pytest.mark.parametrize("path", ["flow.py/below", "/proc/nowhere"])
def test_a_place_that_cannot_be_written_is_a_sentence(say, flow: Path, place: str, path: str) -> None:
    said = say("run", "flow.py", place, path)
    assert (said.code, said.out) == (2, "")
    assert path in said.err
    assert "Traceback" not in said.err


def test_a_store_that_children_cannot_reach_is_a_sentence(say, flow: Path) -> None:
    said = say("run", "flow.py", "--data-path", "memory://")
    assert said.code == 2
    assert "inline" in said.err
    assert "executed" not in said.out


def test_a_script_and_the_command_give_equal_keys(shell, write) -> None:
    write("script.py", SCRIPT)
    assert shell("script.py", script=True).code == 0
    said = shell("run", "script.py")
    assert said.code == 0, said.err
    assert "\n0 executed, 1 skipped in " in said.out


def test_an_edited_record_is_refused(shell, flow: Path, folder: Path) -> None:
    assert shell("run", "flow.py").code == 0
    [record] = (folder / "pyperunner-runs").glob("*/pipeline.yaml")
    again = shell("run", str(record.parent))
    assert (again.code, "0 executed" in again.out) == (0, True), again.err
    record.write_text(record.read_text().replace("value: 3", "value: 4"))
    edited = shell("run", str(record))
    assert edited.code == 2
    assert "Number()" in edited.err
    assert "Traceback" not in edited.err


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (getattr(signal, "SIGHUP", 1), 129)]
)
def test_an_interrupted_run_says_so_and_exits_by_convention(folder: Path, write, number: int, code: int) -> None:
    write("sleeping.py", SLEEPING)
    command = [sys.executable, "-m", "pyperunner_cli", "run", "sleeping.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while not (folder / "started").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    assert "(interrupted)" in out
    assert "Traceback" not in err


MENDED = FAILING.replace('raise ValueError("no good")', "return 1").replace("return data", "return data + [2]")


def test_only_what_failed_runs_again(shell, write) -> None:
    write("failing.py", FAILING)
    assert shell("run", "failing.py", "--failed").code == 2
    assert shell("run", "failing.py", "--no-report").code == 1
    write("failing.py", MENDED.replace("return 1", "return 3"))
    said = shell("run", "failing.py", "--failed", "--no-report")
    assert said.code == 2  # Good() was edited and is not among what failed
    assert "Good()" in said.err
    write("failing.py", MENDED.replace("def good():\n    return 3", "def good():\n    return 1"))
    said = shell("run", "failing.py", "--failed", "--no-report")
    assert (said.code, "\n2 executed, 1 skipped in " in said.out) == (0, True), said
    assert shell("run", "failing.py", "--failed").out == "nothing failed in the latest run of this pipeline\n"
    assert shell("run", "latest", "--failed").out == "nothing failed in the latest run of this pipeline\n"


ASKING = """
from pyperunner_dag import Pipeline, task

@task("Ask")
def ask():
    return {ask}

pipeline = Pipeline("asking", [ask()])
"""


@pytest.mark.parametrize(("ask", "what"), [("breakpoint()", "breakpoint()"), ("input('? ')", "input()")])
def test_a_task_that_asks_somebody_is_told_where_there_is_a_terminal(shell, write, ask: str, what: str) -> None:
    write("asking.py", ASKING.format(ask=ask))
    said = shell("run", "asking.py", "--no-report")
    assert said.code == 1
    assert f"{what} finds no terminal in the process of a task." in said.out
    assert "To have one: pyperunner debug latest 'Ask()', or run with --executor inline" in said.out


def test_a_script_that_runs_whenever_it_is_loaded_is_told_so(shell, write) -> None:
    write("script.py", SCRIPT.replace('if __name__ == "__main__":', "if True:"))
    said = shell("plan", "script.py")
    assert (said.code, said.out.splitlines()[-1]) == (0, "0 of 1 task to execute")
    assert "script.py runs its pipeline whenever it is loaded (" in said.err
    assert "under `if __name__ == '__main__':`" in said.err


def test_what_the_store_does_not_take_is_there_when_the_command_has_ended(shell, flow: Path, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "other.db")) as database:
        database.execute("CREATE TABLE of_another_program (x)")
    done = shell("run", "flow.py", "--data-path", "sqlite:///other.db", "--no-report", "--executor", "inline")
    assert done.code == 0
    kept = re.search(r"kept in (\S+) until you remove it: ", done.err)
    assert kept is not None, done
    try:
        shown = shell("results", "latest", "Double()", "--data-path", kept[1])
        assert (shown.code, shown.out.strip().splitlines()[-1]) == (0, "6")
    finally:
        shutil.rmtree(kept[1])
