from __future__ import annotations

import pytest

from pyperunner_keys import UnencodableError, digest, encode


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (0, False),
        ("a", b"a"),
        (b"a", bytearray(b"a")),
        ([1], (1,)),
        ({1}, frozenset({1})),
        ({}, set()),
        ([1, 2], [2, 1]),
        ([[1], 2], [[1, 2]]),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "a"}, {"1": "a"}),
        ({1: "a"}, {True: "a"}),
        (None, "None"),
        (complex(0.0, 0.0), complex(0.0, -0.0)),
        ("\ud800", "?"),
    ],
)
def test_different_values_differ(one, other):
    assert encode(one) != encode(other)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([0, len, (x for x in ())], "[2]"),
        ({"model": [1, (x for x in ())]}, "['model'][1]"),
        ({("k", 1): (x for x in ())}, "[('k', 1)]"),
    ],
)
def test_the_path_leads_to_the_part_that_cannot_be_encoded(value, path):
    with pytest.raises(UnencodableError) as caught:
        encode(value)
    assert caught.value.path == path
    assert caught.value.type_name == "generator"
    assert str(caught.value).startswith(f"at {path}: generator has no stable encoding: ")


def test_very_long_numbers_have_an_encoding():
    assert encode(10**100_000) != encode(10**100_000 + 1)


def test_parts_of_keys_and_sets_are_named():
    generator = (x for x in ())
    with pytest.raises(UnencodableError, match=r"^at \{key\}: generator"):
        encode({generator: 1})
    with pytest.raises(UnencodableError, match=r"^at \{member\}: generator"):
        encode({generator})


class Growing:
    """Puts something into the container that holds it while it is digested, as another thread may."""

    def __init__(self):
        self.held = None

    def __pyperunner_key__(self):
        if isinstance(self.held, dict):
            self.held[object()] = 0
        elif self.held is not None:
            (self.held.append if isinstance(self.held, list) else self.held.add)(object())
        return 1


@pytest.mark.parametrize("kind", [list, set, lambda items: dict.fromkeys(items, 0)])
def test_what_other_threads_put_in_meanwhile_does_no_harm(kind):
    growing = Growing()
    held = growing.held = kind([growing])
    assert digest(held) == digest(kind([Growing()]))
    assert len(held) == 2
