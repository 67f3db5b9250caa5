from __future__ import annotations

import os

import pytest

_MARK = "PYPERUNNER_TESTS_BOOM"


class _Evil:
    def __reduce__(self):
        return exec, (f"import os; os.environ[{_MARK!r}] = 'boom'",)


@pytest.fixture
def evil():
    """An object whose pickle leaves a mark when it is executed."""
    return _Evil()


@pytest.fixture
def executed():
    """Says whether the pickle has been executed since it was last asked."""
    return lambda: os.environ.pop(_MARK, None) is not None


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.delenv(_MARK, raising=False)
    monkeypatch.setenv("STORE_KEY", "secret one")
    monkeypatch.setenv("OTHER_KEY", "secret two")
