from __future__ import annotations

import pytest

from pyperunner_cache.codecs.gzip import GzipCodec
from pyperunner_cache.testing import CodecContract


class TestGzipCodec(CodecContract):
    @pytest.fixture(params=[1, 6])
    def codec(self, request):
        return GzipCodec(request.param)
