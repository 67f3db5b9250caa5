"""The pages' tests bite: a page that says something else than what happens is found out."""

from __future__ import annotations

import pytest
from page_blocks import ROOT, blocks
from page_session import PageFailure, Session, agrees, steps


@pytest.fixture
def session():
    opened = Session(ROOT / "packages/pyperunner/README.md")
    yield opened
    opened.close()


def run(session, page):
    for block in blocks(page):
        session.execute(block)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("done in 1.5 s\n", "done in 0.0 s\n"),
        ("runs/a_240501T120000\n", "runs/a_261130T115959_2\n"),
        ("a    0f3a77de…  b\n", "a  1234abc  b\n"),
        ("Load():\n", "Load():\n  time: 20 ms → 150 ms\n"),
        ("first\n…\nlast\n", "first\nx\ny\nlast\n"),
        ("first\n...\n", "first\n"),
        ("key … end\n", "key of something end\n"),
    ],
)
def test_what_varies_agrees(shown, printed):
    assert agrees(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [("3 tasks\n", "4 tasks\n"), ("a\n", "a\nb\n"), ("", "a\n"), ("a.c\n", "abc\n"), ("first\n…\nlast\n", "first\n")],
)
def test_what_differs_does_not(shown, printed):
    assert not agrees(shown, printed)


def test_blocks_share_a_folder_a_namespace_and_a_shell(session):
    run(
        session,
        "```python\n# greet.py\nprint('hello')\n```\n"
        "```console\n$ word=$(python greet.py)\n$ set -- a b\n```\n"
        "```console\n$ echo $word $2\nhello b\n```\n"
        "```python\nimport greet\nnumber = 3\n```\n"
        "```python\nnumber + 1  # 4\nprint(number)  # 3\nnumber  # as it was\n```\n",
    )


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```console\n$ echo two\none\n```\n", "-one\n+two"),
        ("```console\n$ echo one\n```\n", "+one"),
        ("```console\n$ false\n```\n", "exit code 1"),
        ("```console\n$ echo 'pyperunner: no'\npyperunner: no\n```\n", "exit code 0"),
        ("```console\nno prompt\n```\n", "begins with a line"),
        ("```python\n1 + 1  # 3\n```\n", "1 + 1  # 3\n  gives: 2"),
        ("```python\nprint('a')  # b\n```\n", "gives: a"),
        ("```python\nraise ValueError('no such thing')\n```\n", "no such thing"),
        ("```python\nimport os\nos._exit(0)\n```\n", "the process ended"),
    ],
)
def test_a_page_that_is_wrong_fails(session, page, said):
    with pytest.raises(PageFailure) as caught:
        run(session, page)
    assert said in str(caught.value)


def test_a_command_has_nothing_to_read_and_what_it_leaves_is_ended(session):
    run(session, "```console\n$ cat\n$ sleep 1000 &\n```\n")
    assert list(steps("$ a\nb\n$ c\n")) == [("a", "b\n"), ("c", "")]
