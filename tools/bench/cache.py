"""Measure the cache beside joblib, diskcache, pickle and numpy: ``python tools/bench/cache.py [--quick] [part …]``.

Parts: ``large`` (256 MiB arrays and a frame), ``small`` (10,000 dicts), ``memoize``. Each figure is the best of several
rounds; peak memory is what the process grew by, in a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import pickle
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MIB = 1 << 20


def values(name: str, scale: int) -> Any:
    import numpy as np

    chance = np.random.default_rng(1)
    if name == "random float64":
        return chance.random(scale * MIB // 8)
    if name == "small integers":
        return chance.integers(0, 1000, scale * MIB // 8)
    import pandas as pd

    rows = scale * 4000
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "price": chance.random(rows).round(2),
            "count": chance.integers(0, 50, rows),
            "name": chance.choice(["alpha", "beta", "gamma", "delta"], rows),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.integers(0, 365, rows), unit="D"),
        }
    )


def ways(folder: Path, value: Any) -> dict[str, tuple[Callable[[], Any], Callable[[], Any], Path]]:
    """Return save, load and file for each way to keep ``value``."""
    import joblib
    import numpy as np

    from pyperunner_cache import open_store

    found: dict[str, tuple[Callable[[], Any], Callable[[], Any], Path]] = {}
    for codec in ("gzip", "raw"):
        store = open_store(folder / codec, codec=codec)
        where = Path(store.locate("V/0"))  # type: ignore[attr-defined]
        found[f"ours {codec}"] = (lambda s=store: s.save("V/0", value), lambda s=store: s.load("V/0"), where)
    for label, compress in (("0", 0), ("gzip 3", ("gzip", 3)), ("lz4", "lz4")):
        path = folder / f"joblib-{label}"
        found[f"joblib {label}"] = (
            lambda p=path, c=compress: joblib.dump(value, p, compress=c),
            lambda p=path: joblib.load(p),
            path,
        )
    path = folder / "pickle.gz"

    def save_pickle() -> None:
        with gzip.open(path, "wb", compresslevel=3) as file:
            pickle.dump(value, file, protocol=5)

    def load_pickle() -> Any:
        with gzip.open(path) as file:
            return pickle.load(file)

    found["pickle + gzip 3"] = (save_pickle, load_pickle, path)
    try:
        import diskcache
    except ImportError:
        pass
    else:
        cache = diskcache.Cache(folder / "diskcache", size_limit=1 << 40, eviction_policy="none")
        found["diskcache"] = (lambda: cache.set("v", value), lambda: cache["v"], folder / "diskcache")
    if isinstance(value, np.ndarray):
        npy = folder / "v.npy"
        found["numpy.save"] = (lambda: np.save(npy, value), lambda: np.load(npy), npy)
        found["numpy memmap"] = (lambda: np.save(npy, value), lambda: np.load(npy, mmap_mode="r"), npy)
    return found


def measure_way(name: str, way: str, scale: int, rounds: int, folder: str, out: Any) -> None:
    """Measure one way in a process of its own, and send the figures."""
    import numpy as np

    value = values(name, scale)
    save, load, path = ways(Path(folder), value)[way]
    size = value.nbytes if isinstance(value, np.ndarray) else int(value.memory_usage(deep=True).sum())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    saves, loads, reads = [], [], []
    for at in range(rounds + 1):
        if path.is_file():
            path.unlink()
        begin = time.perf_counter()
        save()
        done = time.perf_counter()
        loaded = load()
        there = time.perf_counter()
        if isinstance(loaded, np.ndarray):
            loaded.sum()
        end = time.perf_counter()
        if at:  # the first round warms up
            saves.append(done - begin)
            loads.append(there - done)
            reads.append(end - done)
        del loaded
        if sum(saves) + sum(loads) > 10:
            break
    stored = sum(file.stat().st_size for file in path.rglob("*")) if path.is_dir() else path.stat().st_size
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    out.send((size, min(saves), min(loads), min(reads), stored, grown))


def large(scale: int, rounds: int) -> None:
    for name in ("random float64", "small integers", "mixed frame"):
        print(f"\n### {name}\n")
        print("| | save MB/s | load MB/s | load + read s | file MB | peak MB |")
        print("|---|---:|---:|---:|---:|---:|")
        listed = list(ways(Path(tempfile.mkdtemp()), values(name, 1)))
        for way in listed:
            folder = tempfile.mkdtemp(dir=os.environ.get("BENCH_DIR"))
            receive, send = multiprocessing.Pipe(False)
            child = multiprocessing.get_context("spawn").Process(
                target=measure_way, args=(name, way, scale, rounds, folder, send)
            )
            child.start()
            send.close()
            size, save, load, read, stored, grown = receive.recv()
            child.join()
            shutil.rmtree(folder)
            print(
                f"| {way} | {size / save / 1e6:,.0f} | {size / load / 1e6:,.0f} | {read:.3f} "
                f"| {stored / 1e6:,.0f} | {grown / 1e6:,.0f} |",
                flush=True,
            )


def small_ways(folder: Path, value: Any) -> tuple[dict[str, Any], Callable[[], None]]:
    """Return save and load by number for each way to keep ``value``, and what ends them all."""
    import diskcache
    import joblib

    from pyperunner_cache import open_store

    files, database = open_store(folder / "files"), open_store(f"sqlite:///{folder}/s.db")
    cache = diskcache.Cache(folder / "diskcache")
    plain = folder / "joblib"
    plain.mkdir()

    def end() -> None:
        database.close()
        cache.close()

    cases = {
        "ours, files": (lambda n: files.save(f"T()/{n:032x}", value), lambda n: files.load(f"T()/{n:032x}")),
        "ours, SQLite": (lambda n: database.save(f"T()/{n:032x}", value), lambda n: database.load(f"T()/{n:032x}")),
        "joblib.dump 0": (lambda n: joblib.dump(value, plain / str(n)), lambda n: joblib.load(plain / str(n))),
        "diskcache": (lambda n: cache.set(f"T()/{n:032x}", value), lambda n: cache[f"T()/{n:032x}"]),
    }
    return cases, end


def small(count: int, rounds: int) -> None:
    value = {"name": "alpha", "score": 0.93, "rows": 12345, "tags": ["a", "b"], "ok": True}
    print(f"\n### {count:,} small dicts (µs each, best of {rounds} rounds)\n")
    print("| | save | load |")
    print("|---|---:|---:|")
    best: dict[str, list[float]] = {}
    for _ in range(rounds):
        folder = Path(tempfile.mkdtemp(dir=os.environ.get("BENCH_DIR")))
        cases, end = small_ways(folder, value)
        for name, steps in cases.items():
            took = []
            for step in (steps[0], steps[1], steps[1]):
                begin = time.perf_counter()
                for number in range(count):
                    step(number)
                took.append((time.perf_counter() - begin) / count * 1e6)
            figures = [took[0], min(took[1:])]
            best[name] = [min(pair) for pair in zip(figures, best.get(name, figures), strict=True)]
        end()
        shutil.rmtree(folder)
    for name, (save, load) in best.items():
        print(f"| {name} | {save:,.0f} | {load:,.0f} |")


def double(x: int) -> dict[str, int]:
    return {"x": 2 * x}


def memoized(count: int, rounds: int) -> None:
    import joblib

    from pyperunner_cache import memoize, open_store

    print(f"\n### {count:,} calls of a memoized function (µs each, best of {rounds} rounds)\n")
    print("| | miss | hit |")
    print("|---|---:|---:|")
    best: dict[str, list[float]] = {}
    for _ in range(rounds):
        folder = Path(tempfile.mkdtemp(dir=os.environ.get("BENCH_DIR")))
        database = open_store(f"sqlite:///{folder}/s.db")
        cases = {
            "ours, files": memoize(folder / "files")(double),
            "ours, SQLite": memoize(database)(double),
            "joblib.Memory": joblib.Memory(folder / "joblib", verbose=0).cache(double),
        }
        for name, function in cases.items():
            function(-1)
            took = []
            for _ in range(2):
                begin = time.perf_counter()
                for number in range(count):
                    function(number)
                took.append((time.perf_counter() - begin) / count * 1e6)
            best[name] = [min(pair) for pair in zip(took, best.get(name, took), strict=True)]
        database.close()
        shutil.rmtree(folder)
    for name, (miss, hit) in best.items():
        print(f"| {name} | {miss:,.0f} | {hit:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=["large", "small", "memoize", []])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    options = parser.parse_args()
    parts, scale = options.parts or ["large", "small", "memoize"], 32 if options.quick else 256
    print(f"Python {sys.version.split()[0]}, {len(os.sched_getaffinity(0))} cores")
    if "large" in parts:
        large(scale, 1 if options.quick else 4)
    if "small" in parts:
        small(1000 if options.quick else 10_000, 2)
    if "memoize" in parts:
        memoized(200 if options.quick else 2000, 2)


if __name__ == "__main__":
    main()
