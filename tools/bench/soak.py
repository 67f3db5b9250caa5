"""Soak: random operations on four stores by several processes: ``python tools/bench/soak.py [--operations N]``.

Each process has keys of its own, of which it knows what they must hold, and all share others, which may hold whatever
any of them has saved there. Counted are wrong values (never saved under that key), lost ones (a key of one's own that
has nothing, or something older) and errors.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import multiprocessing
import os
import random
import tempfile
import time
import traceback
import warnings
from typing import Any

from pyperunner_cache import open_store

PROCESSES, OWN, SHARED = 4, 40, 60
STORES = {
    "files, gzip": ("{}/gzip", {}),
    "files, raw, with a limit": ("{}/raw", {"codec": "raw", "max_size": "1GB"}),
    "SQLite": ("sqlite:///{}/s.db", {"timeout": 120}),
    "files, signed": ("{}/signed", {"signing_key": "env:SOAK_KEY"}),
}

WEIGHTS = {
    "save_own": 150,
    "load_own": 250,
    "save_shared": 150,
    "load_shared": 300,
    "delete": 50,
    "missing": 50,
    "clear": 20,
    "gc": 10,
    "verify": 5,
    "stat": 5,
    "meta": 10,
}


def value_of(key: str, number: int) -> dict[str, Any]:
    chance = random.Random(f"{key} {number}")
    size = chance.choice((10, 1000, 1000, 30_000, 300_000))
    payload = chance.randbytes(min(size, 4000)) * (size // 4000 or 1)
    return {"key": key, "number": number, "payload": payload, "sum": hashlib.md5(payload).hexdigest()}


def is_right(key: str, value: Any) -> bool:
    return value["key"] == key and hashlib.md5(value["payload"]).hexdigest() == value["sum"]


class Worker:
    """One process: its random operations, and what it found."""

    def __init__(self, folder: str, index: int, seed: int) -> None:
        self.chance, self.index = random.Random(f"{seed} {index}"), index
        self.stores = {name: open_store(url.format(folder), **options) for name, (url, options) in STORES.items()}
        self.own: dict[str, dict[str, int]] = {name: {} for name in STORES}
        self.found: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []

    def work(self, operations: int) -> None:
        for number in range(operations):
            name = self.chance.choice(list(STORES))
            try:
                self.step(name, self.stores[name], number)
            except Exception:
                self.wrong.append(f"{name}: {traceback.format_exc(limit=-6)}")
                self.found["error"] += 1

    def step(self, name: str, store: Any, number: int) -> None:
        mine = f"Own{self.index}()/{self.chance.randrange(OWN)}"
        ours = f"Shared()/{self.chance.randrange(SHARED)}"
        what = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        getattr(self, what)(name, store, mine, ours, number)
        self.found["operations"] += 1

    def save_own(self, name: str, store: Any, mine: str, _: str, number: int) -> None:
        store.save(mine, value_of(mine, number))
        self.own[name][mine] = number

    def load_own(self, name: str, store: Any, mine: str, *_: Any) -> None:
        self.look(name, store, mine)

    def save_shared(self, name: str, store: Any, _: str, ours: str, number: int) -> None:
        store.save(ours, value_of(ours, self.index * 10**9 + number))

    def load_shared(self, name: str, store: Any, _: str, ours: str, *rest: Any) -> None:
        try:
            if not is_right(ours, store.load(ours)):
                self.wrong.append(f"{name}: {ours} holds another value")
                self.found["wrong"] += 1
        except KeyError:
            self.found["miss"] += 1

    def delete(self, name: str, store: Any, mine: str, ours: str, *_: Any) -> None:
        store.delete(ours)
        if self.chance.random() < 0.5:
            store.delete(mine)
            self.own[name].pop(mine, None)

    def missing(self, name: str, store: Any, mine: str, ours: str, *_: Any) -> None:
        if mine in store.missing([mine, ours]) and mine in self.own[name]:
            self.lost(name, mine)

    def clear(self, name: str, store: Any, *_: Any) -> None:
        store.clear("Shared()")

    def gc(self, name: str, store: Any, *_: Any) -> None:
        store.gc()

    def stat(self, name: str, store: Any, *_: Any) -> None:
        store.stat()

    def verify(self, name: str, store: Any, *_: Any) -> None:
        damaged = store.verify(f"Own{self.index}()")["damaged"]
        if damaged:
            self.wrong.append(f"{name}: {damaged}")
            self.found["damaged"] += 1

    def meta(self, name: str, store: Any, _: str, ours: str, *rest: Any) -> None:
        try:
            store.meta(ours)
        except KeyError:
            self.found["miss"] += 1

    def look(self, name: str, store: Any, mine: str) -> None:
        own = self.own[name]
        try:
            found = store.load(mine)
        except KeyError:
            if mine in own:
                self.lost(name, mine)
            return
        if not is_right(mine, found) or found["number"] != own.get(mine):
            self.wrong.append(f"{name}: {mine} holds {found['number']} and not {own.get(mine)}")
            self.found["wrong"] += 1

    def lost(self, name: str, key: str) -> None:
        self.wrong.append(f"{name}: {key} is lost")
        self.found["lost"] += 1
        self.own[name].pop(key)


def work(folder: str, index: int, seed: int, operations: int, out: Any) -> None:
    os.environ["SOAK_KEY"] = "a key of the soak, long enough"
    warnings.simplefilter("ignore")
    worker = Worker(folder, index, seed)
    for _ in range(100):
        worker.work(operations // 100)
        out.put((index, dict(worker.found), worker.wrong))
        worker.wrong = []
    out.put((index, None, []))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    out: Any = context.Queue()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        each = options.operations // PROCESSES
        workers = [
            context.Process(target=work, args=(folder, index, options.seed, each, out)) for index in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        totals: dict[int, dict[str, int]] = {}
        left, told = PROCESSES, 0
        while left:
            index, found, wrong = out.get()
            if found is None:
                left -= 1
                continue
            totals[index] = found
            for text in wrong:
                print(text, flush=True)
            total = sum((collections.Counter(each) for each in totals.values()), collections.Counter())
            if total["operations"] - told >= options.operations // 50 or wrong:
                told = total["operations"]
                print(f"{time.monotonic() - begin:.0f} s: {dict(total)}", flush=True)
        for worker in workers:
            worker.join()
        print(f"END {time.monotonic() - begin:.0f} s: {dict(total)}", flush=True)


if __name__ == "__main__":
    main()
