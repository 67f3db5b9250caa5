"""Messages over a stream, however they are cut."""

from __future__ import annotations

import os
import threading
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.child.messages import FrameBuffer, pack, write_all

MESSAGES = st.lists(st.one_of(st.integers(), st.text(), st.tuples(st.text(), st.binary())), max_size=5)


@given(MESSAGES, st.lists(st.integers(0, 400)))
def test_whole_messages_come_out_in_order(messages, cuts):
    data = b"".join(map(pack, messages))
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    buffer = FrameBuffer()
    received = [message for start, end in pairwise(edges) for message in buffer.feed(data[start:end])]
    assert received == messages


def test_a_message_larger_than_the_pipe_is_written_whole():
    read, write = os.pipe()
    data = os.urandom(1 << 20)
    writer = threading.Thread(target=lambda: (write_all(write, data), os.close(write)))
    writer.start()
    with open(read, "rb") as file:
        assert file.read() == data
    writer.join()
