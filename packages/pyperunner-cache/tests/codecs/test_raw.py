from __future__ import annotations

import pytest

from pyperunner_cache.codecs.raw import RawCodec
from pyperunner_cache.testing import CodecContract


class TestRawCodec(CodecContract):
    @pytest.fixture
    def codec(self):
        return RawCodec()
