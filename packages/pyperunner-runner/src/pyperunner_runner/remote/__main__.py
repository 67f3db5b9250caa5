"""Agent as a program: ``python -m pyperunner_runner.remote FD``, with the descriptor of a connected socket."""

from __future__ import annotations

import os
import socket
import sys

from pyperunner_runner.remote.agent import serve
from pyperunner_runner.remote.channel import SocketChannel

if __name__ == "__main__":
    fd = int(sys.argv.pop(1))
    os.set_inheritable(fd, False)
    serve(SocketChannel(socket.socket(fileno=fd)))
