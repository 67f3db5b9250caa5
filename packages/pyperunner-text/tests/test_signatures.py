"""Signatures without evaluating hints; how 3.14 is asked for them is shown with stand-ins."""

from __future__ import annotations

import functools
import inspect
import sys
import types

import pytest

from pyperunner_text.signatures import own_signature_of, return_hint, signature_of


class Named:
    """Something to return."""


def make(n, *, text: str = "a") -> Named:
    return Named()


@pytest.mark.parametrize("hint", ["Named", "test_signatures.Named", "'Named'", Named])
def test_the_name_of_what_is_returned(hint):
    def function():
        return Named()

    function.__annotations__["return"] = hint
    assert return_hint(function) == "Named"


def test_a_function_that_says_nothing():
    assert return_hint(lambda: 1) == ""


def test_the_signature_has_names_and_defaults():
    assert list(signature_of(make).parameters) == ["n", "text"]
    assert signature_of(make).parameters["text"].default == "a"
    with pytest.raises(TypeError):
        signature_of(3)


def test_since_3_14_hints_are_asked_for_as_text(monkeypatch):
    """Evaluating them may raise; the text never does."""
    asked = []
    form = types.SimpleNamespace(STRING="text")
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    stand_in = types.SimpleNamespace(
        Format=form, get_annotations=lambda function, **options: {"return": f"flow.{options['format']}"}
    )
    monkeypatch.setitem(sys.modules, "annotationlib", stand_in)
    monkeypatch.setattr(inspect, "signature", lambda function, **options: asked.append(options))
    signature_of(make)
    assert [options["annotation_format"] for options in asked] == ["text"]
    assert return_hint(make) == "text"


def test_a_decorated_function_takes_what_its_decorator_takes():
    @functools.wraps(make)
    def given(*args, **kwargs):
        return make(1, *args, **kwargs)

    assert list(signature_of(given).parameters) == ["n", "text"]
    assert list(own_signature_of(given).parameters) == ["args", "kwargs"]
    assert list(own_signature_of(functools.partial(make, 1)).parameters) == ["text"]


def test_what_says_nothing_of_its_arguments_takes_any():
    assert own_signature_of(max).bind([1], key=2)
    with pytest.raises(TypeError):
        own_signature_of(3)
