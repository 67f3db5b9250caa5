"""The channel of a process of tasks: whole messages, whoever writes, and never into a stranger's file."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from pyperunner_runner.child.channel import Channel
from pyperunner_runner.child.messages import FrameBuffer


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    for fd in (read, write):
        try:
            os.close(fd)
        except OSError:
            pass


def collect(read, count):
    """Read messages until there are ``count``."""
    buffer, received = FrameBuffer(from_tasks=True), []
    while len(received) < count:
        received += buffer.feed(os.read(read, 1 << 16))
    assert buffer.skipped == 0
    return received


def test_messages_of_several_threads_are_whole(pipe):
    read, write = pipe
    channel = Channel(write)
    threads = [
        threading.Thread(target=lambda name=name: [channel.send(name * 30_000) for _ in range(20)]) for name in "abc"
    ]
    for thread in threads:
        thread.start()
    received = collect(read, 60)
    for thread in threads:
        thread.join()
    assert sorted(received) == [name * 30_000 for name in "abc" for _ in range(20)]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals that interrupt a write")
def test_a_signal_handler_that_sends_does_not_cut_a_message_in_two(pipe):
    read, write = pipe
    channel = Channel(write)
    rung = []

    def ring(*_):
        if len(rung) < 50:
            rung.append(0)
            channel.send("rung")

    before = signal.signal(signal.SIGALRM, ring)
    received = []
    reader = threading.Thread(target=lambda: received.extend(collect(read, 90)))
    reader.start()
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(40):
            channel.send("x" * 200_000)
        while len(rung) < 50:
            signal.pause()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    reader.join()
    assert (received.count("rung"), received.count("x" * 200_000)) == (50, 40)


def test_a_descriptor_that_is_another_file_by_now_is_left_alone(pipe, tmp_path):
    _, write = pipe
    channel = Channel(write)
    os.close(write)
    with pytest.raises(OSError):
        channel.send("lost")
    with open(tmp_path / "mine", "wb", buffering=0) as mine:
        os.dup2(mine.fileno(), write)
        with pytest.raises(OSError, match="the task has closed"):
            channel.send("lost")
    assert (tmp_path / "mine").read_bytes() == b""
