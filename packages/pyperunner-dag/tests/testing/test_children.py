from __future__ import annotations

import os
import signal

import pytest

from pyperunner_dag.testing.children import Child


def test_the_result_comes_back():
    assert Child(lambda: {"pid": os.getpid()}).result()["pid"] != os.getpid()


def test_several_at_once():
    children = [Child(lambda number=number: number * 2) for number in range(3)]
    assert [child.result() for child in children] == [0, 2, 4]


def test_it_is_alive_until_it_ends():
    read_end, write_end = os.pipe()
    child = Child(lambda: os.read(read_end, 1))
    assert child.is_alive()
    os.write(write_end, b"x")
    while child.is_alive():
        pass
    assert child.is_alive() is False
    assert child.result() == b"x"
    os.close(read_end)
    os.close(write_end)


def fail():
    raise ValueError("in there")


def test_an_exception_arrives_as_text():
    with pytest.raises(RuntimeError, match=r"ValueError: in there"):
        Child(fail).result()


def test_a_result_that_does_not_pickle_is_said():
    with pytest.raises(RuntimeError, match=r"pickle"):
        Child(lambda: lambda: 1).result()


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("end", "word"), [(lambda: os._exit(7), "7"), (die, "-9")])
def test_an_end_without_a_word(end, word):
    with pytest.raises(RuntimeError, match=rf"ended with {word}"):
        Child(end).result()
