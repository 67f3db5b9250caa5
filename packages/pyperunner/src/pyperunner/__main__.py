"""``python -m pyperunner`` is the command ``pyperunner``."""

from __future__ import annotations

import sys

from pyperunner_cli import main

if __name__ == "__main__":
    sys.exit(main())
