"""Conformance suites: subclass one, say how to open what you have built, and run it with pytest.

```python
class TestMyBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"mine://{tmp_path}"
```
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "pyperunner_cache._testing_backend", "pyperunner_cache._testing_codec", "pyperunner_cache._testing_store"
)

from ._testing_backend import BackendContract  # noqa: E402
from ._testing_codec import CodecContract  # noqa: E402

__all__ = ["BackendContract", "CodecContract"]
