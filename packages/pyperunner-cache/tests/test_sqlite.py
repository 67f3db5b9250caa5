from __future__ import annotations

import pytest

from pyperunner_cache.testing import BackendContract


class TestSqliteBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/store.db"
