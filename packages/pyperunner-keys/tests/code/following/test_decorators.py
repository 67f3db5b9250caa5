from __future__ import annotations

import ast
import functools

import pytest

from pyperunner_keys.code.following.decorators import leaves_no_trace, leaves_no_trace_in
from pyperunner_keys.code.reading.source import SourceFile


def own(f):
    return f


class Registry:
    def add(self, f):
        return f


NAMES = {"own": own, "registry": Registry(), "functools": functools, "lru_cache": functools.lru_cache, "pytest": pytest}


@pytest.mark.parametrize(
    "text", ["own", "own(1)", "registry.add", "functools.cache", "lru_cache(maxsize=1)", "functools.lru_cache"]
)
def test_what_leaves_no_trace(text):
    assert leaves_no_trace(NAMES)(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("text", ["functools.wraps(f)", "pytest.fixture", "nowhere", "x[1]", "property"])
def test_what_is_remembered(text):
    assert not leaves_no_trace(NAMES)(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "dropped"),
    [("cache", True), ("ft.lru_cache(1)", True), ("task('x')", True), ("own", False), ("ft.wraps(f)", False)],
)
def test_in_a_module_that_is_not_loaded(text, dropped):
    file = SourceFile(
        "x.py", b"import functools as ft\nfrom functools import cache\nfrom pyperunner import task\ndef own(f): ...\n"
    )
    assert leaves_no_trace_in(file)(ast.parse(text, mode="eval").body) == dropped
