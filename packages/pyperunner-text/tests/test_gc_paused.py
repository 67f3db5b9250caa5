"""The garbage collector is paused, and only for a while."""

from __future__ import annotations

import gc

import pytest

from pyperunner_text.gc_paused import gc_paused


def test_it_goes_on_afterwards_whatever_happens():
    with pytest.raises(ValueError, match="no"), gc_paused():
        assert not gc.isenabled()
        raise ValueError("no")
    assert gc.isenabled()


def test_one_that_was_off_stays_off():
    gc.disable()
    try:
        with gc_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
