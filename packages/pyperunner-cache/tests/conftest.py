from __future__ import annotations

import pytest

from pyperunner_cache import open_store

URLS = {"file": "{}/store", "sqlite": "sqlite:///{}/store.db", "memory": "memory://"}


@pytest.fixture(params=URLS)
def any_store(request, tmp_path):
    """A store on each built-in backend."""
    with open_store(URLS[request.param].format(tmp_path)) as store:
        yield store


@pytest.fixture
def store(tmp_path):
    """A store in files."""
    with open_store(tmp_path / "store") as store:
        yield store
