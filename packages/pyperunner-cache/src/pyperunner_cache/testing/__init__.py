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
    "pyperunner_cache.testing.backend_contract",
    "pyperunner_cache.testing.codec_contract",
    "pyperunner_cache.testing.process_contract",
    "pyperunner_cache.testing.store_contract",
    "pyperunner_cache.testing.trust_contract",
)

from pyperunner_cache.testing.backend_contract import BackendContract  # noqa: E402
from pyperunner_cache.testing.codec_contract import CodecContract  # noqa: E402

__all__ = ["BackendContract", "CodecContract"]
