from __future__ import annotations

import pytest

from pyperunner_cache.testing import BackendContract


class TestMemoryBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return "memory://"
