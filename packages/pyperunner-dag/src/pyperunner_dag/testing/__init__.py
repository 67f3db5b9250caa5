"""Conformance suite of the output store's port, for whoever writes a store.

Subclass ``OutputStoreContract`` in a test module of your own and give it a store::

    class TestMyStore(OutputStoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            return MyStore(tmp_path)

Optional abilities (``Supports…`` in ``pyperunner_dag.ports``) are tested where the store has them.
"""

from __future__ import annotations

import pytest

# Rewritten, the suite's assertions explain themselves and hold under ``python -O`` too.
pytest.register_assert_rewrite("pyperunner_dag.testing.store_contract")

from pyperunner_dag.testing.store_contract import OutputStoreContract  # noqa: E402 - rewriting is asked for before the import

__all__ = ["OutputStoreContract"]
