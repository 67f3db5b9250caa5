from __future__ import annotations

import pytest

from pyperunner_cache.values.pack import pack, unpack


def _trip(value, **options):
    return unpack([part if at == 0 else bytearray(part) for at, part in enumerate(pack(value, **options))], **options)


@pytest.fixture
def trip():
    """Packs a value and unpacks it from fresh buffers."""
    return _trip
