"""The conformance suites are modules of the packages; their asserts are to work as those of tests do, under -O too."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"pyperunner_{part}.testing" for part in ("cache", "dag", "results", "runner")))
