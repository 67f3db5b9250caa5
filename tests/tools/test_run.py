"""``tools/run`` works from every folder, says how to go on, and says what is wrong where it makes no environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = r"""#!/bin/sh
[ "$1" = sync ] || exit 0
mkdir -p .venv/bin && ln -sf "$INTERPRETER" .venv/bin/python && echo "PATH='$PWD/.venv/bin':\$PATH" > .venv/bin/activate
"""


class Checkout:
    """A copy of the tools and examples, with a uv that makes an environment out of the one at hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "with a space"
        shutil.copytree(ROOT / "tools", self.folder / "tools", ignore=shutil.ignore_patterns("__pycache__", "bench"))
        shutil.copytree(ROOT / "docs/examples", self.folder / "docs/examples")
        self.uv(UV)

    def uv(self, script: str) -> None:
        path = self.folder / "bin" / "uv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def say(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        # A script that stands for the interpreter, as a link would lose the environment to which it belongs.
        # By this name it is also the one that is meant by what is pasted; that of pyenv would put another uv first.
        wrapper = self.folder / "bin" / "python3"
        wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        wrapper.chmod(0o755)
        variables = {**os.environ, "PATH": path, "INTERPRETER": str(wrapper)}
        return subprocess.run(
            command, cwd=cwd or self.folder, env=variables, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_it_runs_from_another_folder_and_again(checkout, tmp_path):
    command = [sys.executable, "with a space/tools/run", "with a space/docs/examples/hello.py"]
    first, second = (checkout.say(*command, cwd=tmp_path) for _ in range(2))
    assert (first.returncode, first.stderr, second.returncode, second.stderr) == (0, "", 0, "")
    assert first.stdout.startswith("Making the environment in .venv (once) …\nhello: 2 tasks, 2 to execute\n")
    assert second.stdout.startswith("hello: 2 tasks, 0 to execute\n")
    assert (tmp_path / "pyperunner-runs").is_dir()


def test_what_it_says_to_try_next_works_as_pasted(checkout, tmp_path):
    run = [sys.executable, "with a space/tools/run", "with a space/docs/examples/hello.py"]
    said = checkout.say(*run, "--set", "Hello().name=moon", cwd=tmp_path).stdout
    _, _, advice = said.partition("\nTry next:\n")
    again, command, activate = advice.splitlines()
    assert "\nhello: 2 tasks, 2 to execute\n" in said
    assert "hello: 2 tasks, 2 to execute\n" in checkout.say("bash", "-c", again, cwd=tmp_path).stdout
    assert "hello_" in checkout.say("bash", "-c", command, cwd=tmp_path).stdout
    python = checkout.say("bash", "-c", f"{activate}\ncommand -v python", cwd=tmp_path).stdout
    assert python == f"{checkout.folder}/.venv/bin/python\n"


def test_any_command_can_be_given(checkout):
    done = checkout.say(sys.executable, "tools/run", "pyperunner", "plan", "docs/examples/hello.py")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 of 2 tasks to execute")
    assert checkout.say(sys.executable, "tools/run", "pyperunner", "rnu").returncode == 2


def test_no_advice_follows_a_failure(checkout):
    done = checkout.say(sys.executable, "tools/run", "docs/examples/none.py")
    assert (done.returncode, "there is no file docs/examples/none.py" in done.stderr) == (2, True)
    assert "Try next" not in done.stdout


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("--help",), 0)])
def test_without_a_target_it_says_how_it_is_used(checkout, arguments, code):
    done = checkout.say(sys.executable, "tools/run", *arguments)
    assert (done.returncode, done.stderr) == (code, "")
    assert "python3 tools/run pyperunner COMMAND" in done.stdout


def test_an_environment_that_cannot_be_made_is_an_error_with_a_way_out(checkout):
    checkout.uv('#!/bin/sh\n[ "$1" = sync ] || exit 0\necho "no route to host" >&2; exit 2\n')
    done = checkout.say(sys.executable, "tools/run", "docs/examples/hello.py")
    assert done.returncode == 1
    assert "no route to host" in done.stderr
    assert "Then repeat the command." in done.stderr


def test_without_uv_and_pip_it_says_what_to_install(checkout):
    checkout.uv("#!/bin/sh\nexit 1\n")
    no_pip = "import sys, runpy; sys.executable = '/bin/false'; sys.path[0] = 'tools'; sys.argv = ['tools/run', 'x.py']"
    done = checkout.say(sys.executable, "-c", f"{no_pip}; runpy.run_path('tools/run', run_name='__main__')")
    assert (done.returncode, "apt install python3-pip" in done.stderr) == (1, True)


def test_a_read_only_checkout_is_named_with_a_way_out(checkout):
    # For root every folder is writable, hence the door is told that it is not.
    closed = "import os; ask = os.access; os.access = lambda path, mode: mode != os.W_OK and ask(path, mode)"
    door = "import sys, runpy; sys.path[0] = 'tools'; sys.argv = ['tools/run', 'x']"
    command = [sys.executable, "-c", f"{closed}; {door}; runpy.run_path('tools/run', run_name='__main__')"]
    done = checkout.say(*command)
    assert done.returncode == 1
    assert f"Nothing can be written in {checkout.folder}" in done.stderr
    assert "cp -r" in done.stderr
    checkout.say(sys.executable, "tools/run", "pyperunner", "--version")
    assert "names no pipeline" in checkout.say(*command).stderr, "an environment that is there is used as it is"
