from __future__ import annotations

import pickle

import pytest

from pyperunner_results import (
    NotARun,
    OutputMissing,
    RecordError,
    ResultsError,
    StoreUnavailable,
    TaskUnsuccessful,
    UnknownTask,
    YamlError,
)
from pyperunner_results.errors import near

ALL = [
    (NotARun("log/x", "it is empty"), ValueError, ["log/x", "it is empty"]),
    (YamlError("a.yaml", "the key 'x' is given twice", 7), ValueError, ["a.yaml", "line 7", "twice"]),
    (RecordError("tasks.A().params.lock", "lock"), ValueError, ["tasks.A().params.lock", "lock"]),
    (UnknownTask("Lod()", "demo", ["Load()"]), KeyError, ["'Lod()'", "'demo'", "'Load()'"]),
    (OutputMissing("A()", "A()/ff", "data", "run: pyperunner run log/x"), KeyError, ["'A()'", "pyperunner run log/x"]),
    (TaskUnsuccessful("A()", "A()/ff", "data", "run it", "it failed"), KeyError, ["'A()'", "it failed", "run it"]),
    (StoreUnavailable("s3://x", "no such bucket"), RuntimeError, ["s3://x", "no such bucket"]),
]


@pytest.mark.parametrize(("error", "builtin", "words"), ALL, ids=lambda value: type(value).__name__)
def test_errors_say_the_facts_and_survive_pickling(error, builtin, words):
    assert isinstance(error, (ResultsError, builtin))
    assert isinstance(error, builtin)
    for text in (str(error), str(pickle.loads(pickle.dumps(error)))):
        assert all(word in text for word in words)
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_near_names_are_found_whatever_their_case_and_by_a_part():
    names = ["Load(flights)", "Load(weather)", "Train()", "Evaluate(model)"]
    assert near("load(flight)", names)[0] == "Load(flights)"
    assert near("model", names) == ["Evaluate(model)"]
    assert near("zzz", names) == []
    assert near("", names) == []
