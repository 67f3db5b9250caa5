"""Kills of the runner and of the scheduler at random moments: what is finished stays, and nothing else does."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from pyperunner_dag import Pipeline, open_store, task
from pyperunner_runner import Runner
from pyperunner_runner.remote import ClusterLost

LEASE = 2.0
WIDTH, DEPTH = 4, 4


@task("Count")
def count(data, folder, name, n):
    with open(f"{folder}/carried-out", "a", encoding="utf-8") as out:
        out.write(f"{name}\n")
    time.sleep(0.05)
    return sum(data) + n


def graph(folder):
    """Return tasks in layers, each of which follows two of the layer before, and what they come to."""
    layers, values = [], []
    for depth in range(DEPTH):
        layer, made = [], []
        for place in range(WIDTH):
            name = f"{depth}-{place}"
            each = count(name, folder=str(folder), name=name, n=place)
            if layers:
                each([layers[-1][place], layers[-1][(place + 1) % WIDTH]])
            layer.append(each)
            made.append(place + (values[-1][place] + values[-1][(place + 1) % WIDTH] if values else 0))
        layers.append(layer)
        values.append(made)
    return layers, {each.name: value for row, of in zip(layers, values, strict=True) for each, value in zip(row, of)}


def carry_out(folder, address):
    """Run the graph; used by this process and by the program below."""
    options = {"address": address, "lease": LEASE}
    runner = Runner(folder / "data", folder / "log", executor="dask", executor_options=options)
    runner.run(Pipeline("p", graph(folder)[0][0]), raise_on_failure=True)


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_random_kills import carry_out
if __name__ == "__main__":
    carry_out(Path({folder!r}), {address!r})
"""


class Ledger:
    """What a graph has come to so far in one folder, looked at after every kill.

    Args:
        folder: The store and the records are there.
    """

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "carried-out").touch()
        self._stored, self._times = set(), Counter()

    def look(self):
        """Check that nothing finished is lost or made again, and no value wrong; return whether all is finished."""
        layers, values = graph(self.folder)
        store = open_store(self.folder / "data")
        tasks = [each.bind(store) or each for layer in layers for each in layer]
        gone = set(store.missing([each.key for each in tasks]))
        stored = {each.name for each in tasks if each.key not in gone}
        assert self._stored <= stored, "what was finished is lost"
        times = Counter(f"Count({line})" for line in (self.folder / "carried-out").read_text().splitlines())
        assert all(times[name] == self._times[name] for name in self._stored), "what was finished was made again"
        for each in tasks:
            if each.name in stored:
                assert each.load_output() == values[each.name]
        self._stored, self._times = stored, times
        for record in self.records():
            assert max(ends(record).values(), default=1) == 1, "a job has ended twice"
        return len(stored) == len(tasks)

    def records(self):
        """Return the records of the runs that have begun."""
        return list((self.folder / "log").glob("*/events.jsonl"))


def ends(record):
    """Return how often each attempt of a task has ended by a record, whose last line may be cut short."""
    events = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    ended = [each for each in events if each["kind"] in ("task_finished", "task_retried")]
    return Counter((each["task"], each["attempt"]) for each in ended)


def wait_for_silence(cluster):
    """Wait until the workers have no agent any more, nor anything that an agent has started."""
    deadline = time.monotonic() + LEASE + 20
    workers = {process.pid for process in cluster.processes.values()}
    while left := [each for each in psutil.process_iter(["pid"]) if each.pid not in workers and belongs(each, cluster)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def belongs(process, cluster):
    try:
        marked = process.environ().get("CLUSTER_OF_TEST") == str(cluster.folder)
        return marked and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def add_workers(cluster):
    for name in ("first", "second"):
        cluster.add(name, env={"CLUSTER_OF_TEST": str(cluster.folder)})
    for name in ("first", "second"):
        cluster.wait_for_worker(name)


KILLS = [1, pytest.param(50, marks=pytest.mark.long)]


@pytest.mark.parametrize("kills", KILLS)
def test_of_the_runner(cluster, tmp_path, kills):
    add_workers(cluster)
    chance, done, finished, rounds = random.Random(kills), 0, 0, 0
    ledger = Ledger(tmp_path / "round-0")
    while done < kills:
        program = tmp_path / "program.py"
        given = {"tests": str(Path(__file__).parent), "folder": str(ledger.folder), "address": cluster.address}
        program.write_text(PROGRAM.format(**given), encoding="utf-8")
        before = set(ledger.records())
        with open(tmp_path / "program.log", "ab") as out:
            running = subprocess.Popen([sys.executable, str(program)], cwd=tmp_path, stdout=out, stderr=out)
        while set(ledger.records()) == before and running.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 3.0))
        done += running.poll() is None
        running.kill()
        running.wait()
        wait_for_silence(cluster)
        if ledger.look():
            finished += 1
            ledger = Ledger(tmp_path / f"round-{(rounds := rounds + 1)}")
    carry_out(ledger.folder, cluster.address)
    assert ledger.look()
    wait_for_silence(cluster)
    assert all(process.poll() is None for process in cluster.processes.values())
    print(f"{done} kills of the runner, {finished + 1} graphs finished")


@pytest.mark.parametrize("kills", KILLS)
def test_of_the_scheduler(new_cluster, tmp_path, kills):
    chance, done, finished, rounds = random.Random(kills), 0, 0, 0
    ledger = Ledger(tmp_path / "round-0")
    while done < kills:
        cluster = new_cluster()
        add_workers(cluster)
        timer = threading.Timer(chance.uniform(0, 2.5), cluster.kill, ["scheduler"])
        timer.start()
        try:
            carry_out(ledger.folder, cluster.address)
        except ClusterLost:
            done += 1
        finally:
            timer.cancel()
        wait_for_silence(cluster)
        cluster.close()
        if ledger.look():
            finished += 1
            ledger = Ledger(tmp_path / f"round-{(rounds := rounds + 1)}")
    cluster = new_cluster()
    add_workers(cluster)
    carry_out(ledger.folder, cluster.address)
    assert ledger.look()
    print(f"{done} kills of the scheduler, {finished + 1} graphs finished")
