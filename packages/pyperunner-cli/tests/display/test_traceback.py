from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyperunner_cli.display.traceback import in_user_code, speaks_for_itself, user_traceback
from pyperunner_cli.errors import UserCodeError
from pyperunner_cli.loading.target import resolve

Write = Callable[[str, str], Path]


def failing(target: str) -> BaseException:
    with pytest.raises(UserCodeError) as caught:
        resolve(target)
    return caught.value.error


def test_it_begins_at_the_users_frame(write: Write) -> None:
    path = write("flow.py", "def inner():\n    return 1 / 0\n\ninner()\n")
    text = user_traceback(failing("flow.py"))
    assert text.splitlines()[:2] == [
        "Traceback (most recent call last):",
        f'  File "{path}", line 4, in <module>',
    ]
    assert text.endswith("ZeroDivisionError: division by zero")


def test_it_ends_at_the_users_frame_when_our_code_refuses_what_theirs_asked_for(write: Write) -> None:
    write("flow.py", 'from pyperunner_dag import task\n\n@task("A")\ndef a(n):\n    return n\n\na(n=1, m=1)\n')
    text = user_traceback(failing("flow.py"))
    assert "line 7, in <module>" in text
    assert "pyperunner_dag/" not in text.replace("\\", "/")
    assert "got an unexpected keyword argument 'm'" in text


def test_a_syntax_error_shows_its_place_without_a_header(write: Write) -> None:
    write("flow.py", "x = 1\ny = = 2\n")
    text = user_traceback(failing("flow.py"))
    assert "line 2" in text
    assert "Traceback" not in text
    assert text.splitlines()[-1].startswith("SyntaxError")


def test_causes_are_trimmed_too(write: Write) -> None:
    write("flow.py", "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise RuntimeError('no') from error\n")
    text = user_traceback(failing("flow.py"))
    assert "ZeroDivisionError" in text
    assert "direct cause" in text
    assert "pyperunner_cli" not in text


def test_what_an_error_of_ours_was_raised_from_is_left_out(write: Write) -> None:
    head = "import threading\nfrom pyperunner_dag import task\n\n@task('A')\ndef a(n):\n    return n\n\n"
    write("flow.py", head + "a(n=threading.Lock())\n")
    text = user_traceback(failing("flow.py"))
    assert text.startswith("Traceback (most recent call last):")
    assert text.count("Error: ") == 1
    assert "param n (_thread.lock)" in text.splitlines()[-1]


def test_nothing_in_a_message_is_obeyed_or_passes_for_a_line_of_ours(write: Write) -> None:
    write("flow.py", "raise ValueError('\\x1b[31mred\\n\\tmore\\r\\npyperunner: all is well')\n")
    lines = user_traceback(failing("flow.py")).splitlines()
    assert lines[-3:] == [r"ValueError: \x1b[31mred", "    \tmore\\r", "    pyperunner: all is well"]


def test_whose_error_it_is() -> None:
    from pyperunner_dag import PipelineError

    assert speaks_for_itself(PipelineError("a sentence"))
    assert speaks_for_itself(PermissionError(13, "Permission denied"))
    assert not speaks_for_itself(KeyError("x"))
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    assert in_user_code(caught.value)
    assert not in_user_code(ValueError("never raised"))
