"""Measure a store of very many entries in files: ``python tools/bench/entries.py FOLDER [--entries N] [part …]``.

Parts: ``fill`` makes what is missing of the entries, by hand, but with the bytes, names and times that a save gives
them; ``stat``, ``missing``, ``verify`` and ``gc`` (which evicts half of them) do what the store's methods of these
names do, each in a process of its own. What is in the system's memory is not to be measured: make FOLDER a file system
of its own and unmount it in between (``--cold COMMAND`` runs a command before each part but ``fill``).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pyperunner_cache import open_store

TASKS = 8
"""Classes of tasks among whose names the entries are spread."""


def key(number: int) -> str:
    return f"Work{number % TASKS}(tag)/{number:032x}"


def fill(folder: str, entries: int) -> None:
    """Make the entries as processes on all cores."""
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        step = 10_000
        for done, _ in enumerate(
            pool.imap_unordered(fill_some, [(folder, at, min(at + step, entries)) for at in range(0, entries, step)]), 1
        ):
            if done % 10 == 0:
                print(f"  {done * step:,} entries", flush=True)


def fill_some(span: tuple[str, int, int]) -> None:
    from pyperunner_cache.backends.writing import _seal

    folder, start, stop = span
    store = open_store(folder)
    for number in range(start, stop):
        name = key(number)
        path = Path(store.locate(name))  # type: ignore[attr-defined]
        if path.exists():
            continue
        content = entry(name, number)
        path.parent.mkdir(mode=0o700, parents=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, content)
        os.utime(fd)
        _seal(str(path.parent), str(path), os.fstat(fd))
        os.close(fd)


def entry(name: str, number: int) -> bytes:
    from pyperunner_cache.codecs.gzip import GzipCodec
    from pyperunner_cache.entry.draft import Draft
    from pyperunner_cache.values.pack import pack

    value = {"name": "alpha", "number": number, "tags": ["a", "b"]}
    return b"".join(Draft(name, pack(value), GzipCodec(), {}, None).chunks())


def measure(folder: str, part: str, entries: int, out: Any) -> None:
    store = open_store(folder)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    looked = 0

    def progress(count: int) -> None:
        nonlocal looked
        looked += 1

    keys = [key(number) for number in range(entries)] if part == "missing" else []
    begin, cpu = time.perf_counter(), time.process_time()
    if part == "stat":
        found: object = store.stat()["entries"]
    elif part == "missing":
        found = len(store.missing(keys))
    elif part == "verify":
        found = store.verify(progress=progress)["checked"]
    else:
        found = store.gc(max_size=store.stat()["bytes"] // 2, progress=progress)["evicted"]
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
    out.send((seconds, cpu, grown, looked, found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("parts", nargs="*", default=["fill", "stat", "missing", "verify", "gc"])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--cold", help="a shell command that empties the system's memory of the folder")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {len(os.sched_getaffinity(0))} cores, {options.entries:,} entries")
    for part in options.parts:
        begin = time.perf_counter()
        if part == "fill":
            fill(options.folder, options.entries)
            print(f"fill: {time.perf_counter() - begin:.0f} s", flush=True)
            continue
        if options.cold:
            subprocess.run(options.cold, shell=True, check=True)
        receive, send = multiprocessing.Pipe(False)
        child = multiprocessing.get_context("spawn").Process(
            target=measure, args=(options.folder, part, options.entries, send)
        )
        child.start()
        send.close()
        seconds, cpu, grown, looked, found = receive.recv()
        child.join()
        took = f"{seconds:.1f} s ({cpu:.1f} s on the processors), {grown:.0f} MiB more"
        print(f"{part}: {took}, progress told {looked} times, found {found:,}", flush=True)


if __name__ == "__main__":
    main()
