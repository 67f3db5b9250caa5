"""Messages over a stream, however they are cut."""

from __future__ import annotations

import os
import pickle
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.child import messages
from pyperunner_runner.child.messages import FrameBuffer, pack
from pyperunner_runner.ports import Waiting

MESSAGES = st.lists(st.one_of(st.integers(), st.text(), st.tuples(st.text(), st.binary())), max_size=5)


@given(MESSAGES, st.lists(st.integers(0, 400)))
def test_whole_messages_come_out_in_order(sent, cuts):
    data = b"".join(map(pack, sent))
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    buffer = FrameBuffer()
    received = [message for start, end in pairwise(edges) for message in buffer.feed(data[start:end])]
    assert received == sent


@given(MESSAGES, st.lists(st.binary(max_size=40), min_size=6, max_size=6), st.lists(st.integers(0, 600)))
def test_what_is_no_frame_is_passed_over(sent, noise, cuts):
    data = noise[0] + b"".join(pack(message) + foreign for message, foreign in zip(sent, noise[1:], strict=False))
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    buffer = FrameBuffer(from_tasks=True)
    received = [message for start, end in pairwise(edges) for message in buffer.feed(data[start:end])]
    assert received == sent
    assert buffer.skipped <= sum(map(len, noise))


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_frame_that_was_written_into_is_none_and_the_next_one_counts(place, byte):
    frame = bytearray(pack("x" * 150))
    place %= len(frame)
    changed = frame[place] != byte
    frame[place] = byte
    last = pack("the last")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "_MOST_OF_A_TASK", 1 << 10)
        # A length that was changed may claim what follows; the marks in it are looked for when it proves wrong.
        received = list(FrameBuffer(from_tasks=True).feed(bytes(frame) + last + bytes(1 << 11)))
    assert received == (["the last"] if changed else ["x" * 150, "the last"])


def test_a_frame_cut_short_costs_itself_alone():
    data = pack("cut short")[:-3] + pack("whole") + pack("more")
    assert list(FrameBuffer(from_tasks=True).feed(data)) == ["whole", "more"]


class Trap:
    def __reduce__(self):
        return os._exit, (17,)


@pytest.mark.parametrize("payload", [pickle.dumps(Trap()), b"no pickle", pickle.dumps([Trap])])
def test_nothing_that_a_task_puts_into_a_message_is_called(payload):
    forged = messages._HEADER.pack(messages._MARK, len(payload), crc32(payload)) + payload
    buffer = FrameBuffer(from_tasks=True)
    assert list(buffer.feed(forged + pack(Waiting("T()", True)))) == [Waiting("T()", True)]
    assert buffer.skipped == len(forged)


def test_a_message_of_a_task_is_bounded():
    claims = messages._HEADER.pack(messages._MARK, 1 << 40, 0)
    buffer = FrameBuffer(from_tasks=True)
    assert list(buffer.feed(claims + bytes(1000) + pack("next"))) == ["next"]
