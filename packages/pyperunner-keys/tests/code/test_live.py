"""Fingerprints in a living process: what changes is seen, what does not costs next to nothing."""

from __future__ import annotations

import linecache
import pickle
import sys
import threading

import pytest

from pyperunner_keys import Fingerprinter, LiveFingerprint, fingerprint

sys.path.insert(0, __file__.rpartition("/")[0])
from living import EVERY, MODULES


def execute(cell, names):
    """Execute a cell of a notebook, whose text can be found, as IPython does it."""
    name = f"<cell {cell}>"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    exec(compile(cell, name, "exec"), names)


@pytest.mark.parametrize("name", EVERY)
def test_the_digest_changes_exactly_when_the_result_does(project, name):
    source, edit = EVERY[name]
    flow = project(flow=source + "\n", **MODULES)
    live, result = LiveFingerprint(flow.run), flow.run()
    before = live.digest()
    assert live.digest() == before == fingerprint(flow.run).digest
    execute(edit, vars(flow))
    after = live.digest()
    assert after == fingerprint(flow.run).digest, "what was read before is believed although it has changed"
    assert (after == before) == (flow.run() == result)


def test_nothing_is_read_again_where_nothing_has_changed(project, monkeypatch):
    flow = project(flow="K = 1\ndef helper(): return K\ndef run(): return helper()\n")
    live = LiveFingerprint(flow.run)
    live.digest()
    monkeypatch.setattr(Fingerprinter, "snapshot", None)
    assert live.digest()


def test_snapshots_share_what_they_digest_in_one_pass(project):
    flow = project(flow="K = [1]\ndef one(): return K, 1\ndef two(): return K, 2\n")
    reader, answered = Fingerprinter(), {}
    first, second = reader.snapshot(flow.one), reader.snapshot(flow.two)
    assert first.holds(answered)
    assert second.holds(answered)
    assert len(answered) == 1
    flow.K.append(2)
    assert not first.holds()
    assert not second.holds()


def test_the_newer_text_of_a_file_says_nothing_about_what_is_loaded(project, tmp_path):
    flow = project(flow="class A:\n    k = 1\n\ndef run(): return A().k\n")
    live = LiveFingerprint(flow.run)
    before = live.digest()
    (tmp_path / "flow.py").write_text("@print\nclass A:\n    k = 2\n\n\ndef run(): return A().k\n")
    assert live.digest() == before == fingerprint(flow.run).digest


def test_threads_share_one(project):
    flow = project(flow="K = [1]\ndef run(): return K\n")
    live, found = LiveFingerprint(flow.run), []
    threads = [threading.Thread(target=lambda: found.append(live.digest())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_it_is_the_same_in_another_process(project):
    flow = project(flow="K = [1]\ndef run(): return K\n")
    live = LiveFingerprint(flow.run)
    there = pickle.loads(pickle.dumps(live))
    assert there.digest() == live.digest()
    sent = pickle.dumps(live)
    flow.K.append(2)  # as a module that has been edited there, or that was patched here
    there = pickle.loads(sent)
    assert there.digest() == fingerprint(flow.run).digest
