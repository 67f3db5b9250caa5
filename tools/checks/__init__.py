"""What ``tools/check`` and ``tools/run`` are made of: the environment, the steps, the report. Standard library only."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 -- whoever starts a tool with an older Python deserves a sentence
    sys.exit("The tools need Python 3.10 or newer; this is " + sys.version.split()[0])
