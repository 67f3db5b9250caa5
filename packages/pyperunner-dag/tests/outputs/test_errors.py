"""Errors about outputs: their bases and their sentences."""

from __future__ import annotations

import inspect
import pickle

import pytest

from pyperunner_dag import (
    ConditionError,
    MapError,
    NotYetKnownError,
    OutputsDifferError,
    PartMissingError,
    TaskError,
    UnknownOutputError,
)
from pyperunner_dag.outputs import errors

EXAMPLES = [
    (
        UnknownOutputError("A()", "tran", ("train", "test")),
        KeyError,
        "A() has no output 'tran': it declares train, test",
    ),
    (PartMissingError("B()", "A()['x']", "x", "dict", ("xs",)), LookupError, "a dict has no 'x'; there are xs"),
    (
        ConditionError("A()", "Check()", "Odd"),
        ValueError,
        "A(): its condition Check() puts out a Odd, which is neither",
    ),
    (MapError("A(*)", "there is nothing to map over"), ValueError, "A(*): there is nothing to map over"),
    (NotYetKnownError("A(*)", "key", "Files()"), LookupError, "A(*): its key is known only when Files() is"),
    (OutputsDifferError("A()", ("a", "b"), "a list"), ValueError, "A() declares the outputs a, b and returned a list"),
]


def test_every_error_is_an_example_and_in_the_tree():
    classes = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert classes == set(errors.__all__) == {type(error).__name__ for error, _, _ in EXAMPLES}
    assert all(f"─ {name} " in errors.__doc__ for name in classes)


@pytest.mark.parametrize(("error", "base", "words"), EXAMPLES)
def test_an_error_says_what_happened_and_survives_pickling(error, base, words):
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, (TaskError, base))
    assert words in str(again) == str(error)
