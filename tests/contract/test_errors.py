"""Every public error says and holds what it did in 0.2.0, and so does a user's class below it.

`tests/data/golden_errors.json` was made with the wheels of 0.2.0; a text that is changed on purpose is changed there by
hand. Running this file as a script writes all of it anew, attributes included that errors have got since.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "golden_errors.json"
BUILTIN = ("args", "errno", "filename", "msg", "name", "path", "strerror")
"""Attributes of errors of Python's own that callers look at."""

sys.path.insert(0, str(DATA))
from specimens import errors  # noqa: E402 - tests have no package to import it from

NAMES = sorted(errors())


def described(error):
    """Return what callers can see of an error."""
    ours = {name for cls in type(error).__mro__ if cls.__module__.startswith("pyperunner") for name in vars(cls)}
    names = {
        name for name in ours | vars(error).keys() | {*BUILTIN} if not name.startswith("_") and hasattr(error, name)
    }
    return {
        "text": str(error),
        "repr": repr(error),
        "kinds": [
            cls.__name__ for cls in type(error).__mro__ if cls is not object and not cls.__name__.startswith("_")
        ],
        "facts": {name: repr(getattr(error, name)) for name in sorted(names) if not callable(getattr(error, name))},
    }


def lost(now, golden):
    """Return what is not there any more; more kinds and facts may be."""
    kinds = [name for name in golden["kinds"] if name not in now["kinds"]]
    facts = [name for name, value in golden["facts"].items() if now["facts"].get(name) != value]
    return [*(key for key in ("text", "repr") if now[key] != golden[key]), *kinds, *facts]


@pytest.fixture(autouse=True)
def _same_folder_everywhere(monkeypatch):
    """Texts with a relative path say where it was looked for."""
    monkeypatch.chdir("/")


@pytest.mark.parametrize("name", NAMES)
def test_an_error_is_what_it_was(name):
    """Text, repr, bases, args and attributes; after a copy and a pickle, too."""
    golden = json.loads(GOLDEN.read_text())[name]
    error = errors()[name]
    for each in (error, copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert not lost(described(each), golden)


@pytest.mark.parametrize("name", NAMES)
def test_a_users_class_below_it_may_be_written_as_any(name):
    """With hints, class attributes and a constructor of its own, none of which mean anything to ours."""
    error = errors()[name]

    class Annotated(type(error)):
        reasons: tuple[int, ...] = ()
        label: str
        note = "of the user's"

    class Constructed(type(error)):
        label: str

        def __init__(self, label, *args):
            super().__init__(*args)
            self.label = label

    facts = described(error)["facts"]
    for below in (Annotated(*error.args), Constructed("mine", *error.args)):
        seen = described(below)
        assert seen["text"] == str(error)
        assert seen["repr"] == repr(error).replace(type(error).__name__, type(below).__name__, 1)
        assert {key: seen["facts"].get(key) for key in facts} == facts
    assert below.label == "mine"
    assert Annotated.note == "of the user's"


if __name__ == "__main__":
    os.chdir("/")
    GOLDEN.write_text(json.dumps({name: described(error) for name, error in sorted(errors().items())}, indent=1) + "\n")
