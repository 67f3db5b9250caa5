from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from pyperunner_cache.side_by_side import side_by_side


@pytest.fixture(autouse=True)
def _ended_threads():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_results_come_in_order_and_the_threads_end(threads):
    assert list(side_by_side(lambda number: number * 2, range(300), threads)) == list(range(0, 600, 2))


def test_items_are_taken_as_results_are():
    taken = []
    results = side_by_side(str, (taken.append(number) or number for number in range(1000)), 2)
    assert next(results) == "0"
    assert len(taken) <= 6
    results.close()


def test_what_the_work_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda number: 1 // number, [1, 0, 1], 2))


def test_work_is_done_where_no_thread_starts_any_more():
    program = """
import threading, concurrent.futures.thread
from pyperunner_cache.side_by_side import side_by_side
threading._register_atexit(lambda: print(list(side_by_side(str, [1, 2], 2)), flush=True))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "['1', '2']\n", done.stderr
