from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyperunner_cli import __version__, main
from pyperunner_cli.registry import COMMANDS


def test_help_names_every_command(say) -> None:
    said = say("--help")
    assert said.code == 0
    for name, command in COMMANDS.items():
        assert f"  {name} " in said.out
        assert command.summary in said.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(say, name: str) -> None:
    said = say(name, "--help")
    assert said.code == 0
    assert f"usage: pyperunner {name}" in said.out


def test_version(say) -> None:
    assert say("--version").out == f"pyperunner {__version__}\n"


@pytest.mark.parametrize(
    "argv", [[], ["rnu"], ["run"], ["run", "--jobs", "0", "flow.py"], ["run", "flow.py", "--nope"]]
)
def test_usage_errors_are_2(say, argv: list[str]) -> None:
    said = say(*argv)
    assert said.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err


def test_an_unknown_command_suggests_the_near_one(say) -> None:
    assert say("plna").err == "pyperunner: there is no command 'plna'. Did you mean plan or explain?\n"


def test_errors_of_the_users_file_show_their_traceback_only(say, write) -> None:
    path = write("flow.py", "1 / 0\n")
    said = say("plan", "flow.py")
    assert said.code == 2
    assert said.err.splitlines()[1] == f'  File "{path}", line 1, in <module>'
    assert said.err.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert said.err.count('File "') == 1


def test_a_cycle_and_a_double_name_are_sentences(say, write) -> None:
    head = "from pyperunner_dag import Pipeline, task\n@task('A')\ndef a(data=()):\n    return 1\n"
    write("double.py", head + "p = Pipeline('p', [a(), a()])\n")
    write("cycle.py", head + "x, y = a('x'), a('y')\nx(y)\ny(x)\np = Pipeline('p', [x])\n")
    double, cycle = say("graph", "double.py"), say("graph", "cycle.py")
    assert (double.code, cycle.code) == (2, 2)
    assert "unique" in double.err
    assert "A()" in double.err
    assert "cycle" in cycle.err
    assert "Traceback" not in double.err + cycle.err


def test_a_bug_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyperunner_cli.commands.pipelines import graph

    def broken(options: object) -> int:
        raise LookupError("ours")

    monkeypatch.setattr(graph, "execute", broken)
    monkeypatch.setattr("pyperunner_cli.display.traceback._our_folders", lambda: [str(Path(__file__).parent)])
    with pytest.raises(LookupError, match="ours"):
        main(["graph", "flow.py"])


def test_help_imports_nothing_heavy() -> None:
    heavy = ["yaml", "rich", "networkx", "numpy", "psutil", "pyperunner_dag", "pyperunner_runner", "pyperunner_results"]
    code = (
        "import sys\nfrom pyperunner_cli import main\nmain(['--help'])\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_leaves_early_is_no_error_of_ours(flow: Path, folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "pyperunner_cli", "graph", "flow.py"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run", "flow.py", "--no-reprt"], "unrecognized arguments: --no-reprt. Did you mean --no-report"),
        (["run", "flow.py", "--job=2", "--emm"], "unrecognized arguments: --emm"),
        (
            ["plan", "flow.py", "Fit()"],
            "unrecognized arguments: Fit(). Tasks are chosen with --only, --until or --from.",
        ),
        (["cache", "dv"], "Did you mean du?"),
        (["cache", "gc", "--keep-pipeline-s"], "Did you mean --keep-pipelines?"),
        (["run", "flow.py", "--audit", "of"], "Did you mean off?"),
        (["runs"], "there is no folder 'pyperunner-runs' of runs; --log-path says where it is."),
    ],
)
def test_mistyped_options_and_choices_get_the_near_ones(say, flow, folder, argv: list[str], said: str) -> None:
    found = say(*argv)
    assert (found.code, said in found.err) == (2, True), found.err
    assert not list(folder.glob("pyperunner-*"))
