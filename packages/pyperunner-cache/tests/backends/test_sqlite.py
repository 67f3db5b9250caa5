from __future__ import annotations

import subprocess
import sys
import time

import pytest

from pyperunner_cache import LockTimeoutError, open_store
from pyperunner_cache.testing import BackendContract

KEY = "T()/0123456789abcdef0123456789abcdef"

HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
database.execute("ROLLBACK")
database.close()
"""


class TestSqliteBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/store.db"


def test_another_processs_transaction_is_waited_for_no_longer_than_the_timeout(tmp_path):
    path = tmp_path / "store.db"
    with open_store(f"sqlite:///{path}", timeout=0.3) as store:
        store.save(KEY, "old")
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert holder.stdout.readline() == "held\n"
            begin = time.monotonic()
            with pytest.raises(LockTimeoutError) as caught:
                store.save(KEY, "new")
            assert 0.25 < time.monotonic() - begin < 1.5
            for part in (str(path), KEY, "0.3 s", "another process"):
                assert part in str(caught.value)
            assert store.load(KEY) == "old"
        finally:
            holder.communicate("\n", timeout=30)
        assert holder.returncode == 0
        store.save(KEY, "new")
        assert store.load(KEY) == "new"
