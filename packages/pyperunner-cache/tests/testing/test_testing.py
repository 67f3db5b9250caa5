from __future__ import annotations

import pytest

from pyperunner_cache.codecs.raw import RawCodec
from pyperunner_cache.testing import BackendContract, CodecContract


def test_a_failing_contract_shows_what_it_compared():
    class Misnamed(RawCodec):
        name = "not a name"

    with pytest.raises(AssertionError, match="not a name"):
        CodecContract().test_its_names(Misnamed())
    with pytest.raises(AssertionError, match="isinstance"):
        BackendContract().test_it_satisfies_the_port(object())
