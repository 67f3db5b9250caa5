from __future__ import annotations

import pickle

import pytest

from pyperunner_keys import FingerprintGapError, KeysError, UnencodableError


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            UnencodableError("[3].lock", "_thread.lock", "it is a lock"),
            TypeError,
            "at [3].lock: _thread.lock has no stable",
        ),
        (FingerprintGapError("run", {"a.LOCK": "a lock"}), ValueError, "the fingerprint of run has gaps"),
    ],
)
def test_errors_are_ours_and_the_builtin_and_survive_pickling(error, kind, text):
    assert isinstance(error, KeysError)
    assert isinstance(error, kind)
    assert str(error).startswith(text)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_gaps_are_listed():
    assert "a.LOCK: a lock" in str(FingerprintGapError("run", {"a.LOCK": "a lock"}))


def test_a_path_grows_outwards():
    error = UnencodableError("[1]", "lock", "no").below("['a']", {})
    assert error.path == "['a'][1]"
