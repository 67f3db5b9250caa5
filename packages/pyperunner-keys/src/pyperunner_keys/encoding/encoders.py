"""The table of encoders: by exact type, and for the rest what is found by looking at the value."""

from __future__ import annotations

from typing import Any

from pyperunner_keys.encoding.builtin import BUILTIN
from pyperunner_keys.encoding.objects import encoder_of
from pyperunner_keys.encoding.standard import STANDARD, standard_encoder
from pyperunner_keys.encoding.writer import Encoder, EncoderTable

__all__ = ["ENCODERS"]


def _find(value: Any) -> Encoder:
    encoder = standard_encoder(type(value))
    if encoder is None:
        return encoder_of(value)
    ENCODERS[type(value)] = encoder
    return encoder


ENCODERS = EncoderTable({**BUILTIN, **STANDARD}, _find)
