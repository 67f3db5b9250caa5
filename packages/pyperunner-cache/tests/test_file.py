from __future__ import annotations

import pytest

from pyperunner_cache.testing import BackendContract


class TestFileBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"{tmp_path}/store"
