"""Records of strangers, changed anywhere: every command that reads one ends with its answer or a sentence.

Files of a real record are changed in their structure (a value in any place of a line, a map or a list), as text, and as
files (a pipe, a link, a file without end). No command may raise what is not ours, wait, take much memory or print what
a terminal would obey.
"""

from __future__ import annotations

import copy
import json
import os
import random
import re
import resource
import shutil
import time
from pathlib import Path

import pytest
import yaml

from pyperunner import Pipeline, Runner, task
from pyperunner_cli import main

ESCAPE = "\x1b]0;owned\x07\x1b[2J"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
DEEP = json.loads("[" * 60 + "]" * 60)
STRANGE = [
    *(None, True, 0, -1, 10**400, 2**63, 1e300, float("inf"), float("nan")),
    *("", "x", ESCAPE, "x" * 20_000, "../../..", "/dev/zero", "a\0b", "\ud800", "a/b", "%s{0}", "9" * 5000),
    *([], [1], {}, {"a": 1}, {ESCAPE: [ESCAPE]}, {"": ""}, {"$tuple": [1]}, {"$ref": "x"}, DEEP),
    *("Load()", "Load()[0]", "Load(*)", "2020-01-01T00:00:00", "memory://", "s3://x/y", "sqlite:////dev/zero"),
]
SECONDS = 10.0
MEBIBYTES = 300


@task("Load")
def load(n):
    return list(range(n))


@task("Total")
def total(rows, fail=False):
    print("summing")
    if fail:
        raise ValueError("no")
    return {"sum": sum(rows), "text": "a\nb"}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The folder of a run with a failure and a mapped task in it, beside another one."""
    root = tmp_path_factory.mktemp("good")
    rows = load(n=4)
    for _ in range(2):
        runner = Runner(root / "data", root / "runs", executor="inline")
        runner.run(Pipeline("p", [total("well", rows=rows), total("ill", rows=rows, fail=True), load.map(n=[1, 2])]))
    return Path(runner.run_folder)


def commands(folder, other):
    """Return what reads a record: each command, with what it is told."""
    runs = ["--log-path", str(folder.parent)]
    data = ["--data-path", str(folder.parent.parent / "data")]
    bad, good = str(folder), str(other)
    return [
        ["runs", *runs, "--number", "0"],
        ["runs", *runs, "--json"],
        ["runs", *runs, "--older", "1d"],
        ["results", bad],
        ["results", bad, "--json"],
        ["results", bad, "Total(well)"],
        ["results", bad, "*", "--json"],
        ["table", bad, good],
        ["table", bad, "--json", "--show", "Total(well).sum"],
        ["diff", good, bad],
        ["diff", bad, good, "--json"],
        ["report", bad],
        ["explain", bad],
        ["explain", bad, "Total(well)"],
        ["plan", bad, "--json"],
        ["tasks", bad],
        ["graph", bad],
        ["graph", bad, "--format", "mermaid"],
        ["cache", "du", *runs, *data, "--by", "run"],
        ["cache", "ls", *runs, *data],
        ["cache", "gc", *runs, *data, "--max-size", "1", "--dry-run"],
        ["completion", "words", "3", "--", "pyperunner", "results", bad, ""],
    ]


def read_all(capsys, folder, other):
    """Read a record with every command that reads one."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for command in commands(folder, other):
        began = time.process_time()
        code = main(command)
        out, err = capsys.readouterr()
        assert code in (0, 2), (command, err)
        assert time.process_time() - began < SECONDS, command
        assert not OBEYED.search(out + err), (command, OBEYED.search(out + err))
    page = folder / "report.html"
    if page.is_file() and not page.is_symlink():
        assert not OBEYED.search(page.read_text(encoding="utf-8"))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10 < MEBIBYTES


def places(value, path=()):
    """Yield where something is in nested maps and lists."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield (*path, key)
        if isinstance(value[key], (dict, list)):
            yield from places(value[key], (*path, key))


def change(value, rng):
    """Change nested builtins in one place."""
    found = list(places(value))
    if not found:
        return rng.choice(STRANGE)
    *above, last = rng.choice(found)
    holder = value
    for key in above:
        holder = holder[key]
    how = rng.random()
    if how < 0.6:
        holder[last] = copy.deepcopy(rng.choice(STRANGE))
    elif how < 0.7:
        del holder[last]
    elif isinstance(holder, dict):
        key = rng.choice([ESCAPE, "", "x", 1, None, "Load()", "a\0b", "x" * 3000])
        holder[key] = holder.pop(last) if how < 0.85 else copy.deepcopy(holder[last])
    else:
        holder[last:last] = [copy.deepcopy(holder[last])] * rng.choice([1, 3])
    return value


def change_structure(path, rng):
    if path.suffix == ".jsonl":
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for _ in range(rng.choice([1, 5])):
            at = rng.randrange(len(lines))
            lines[at] = change(lines[at], rng)
        path.write_text("".join(json.dumps(line, skipkeys=True) + "\n" for line in lines), encoding="utf-8")
        return
    value = json.loads(path.read_text()) if path.suffix == ".json" else yaml.safe_load(path.read_text(encoding="utf-8"))
    for _ in range(rng.choice([1, 5])):
        value = change(value, rng) if isinstance(value, (dict, list)) else value
    path.write_text(json.dumps(value, skipkeys=True), encoding="utf-8")


def change_text(path, rng):
    content = bytearray(path.read_bytes()) or bytearray(b"x")
    at = rng.randrange(len(content))
    {
        0: lambda: content.__delitem__(slice(at, None)),
        1: lambda: content.__setitem__(at, rng.randrange(256)),
        2: lambda: content.__setitem__(slice(at, at), ESCAPE.encode()),
        3: lambda: content.__setitem__(slice(at, at), b"[" * 3000),
        4: lambda: content.__setitem__(slice(at, at), b'{"a":' * 3000),
        5: lambda: content.__setitem__(slice(at, at), b"9" * 6000),
        6: lambda: content.__setitem__(slice(at, at), b"\n- &a [*a, *a]\n? {x: y}\n!!python/name:os.system x\n"),
        7: lambda: content.__setitem__(slice(at, at), bytes(5000)),
        8: lambda: content.__setitem__(slice(None), b"&a [" + b",".join([b"x"] * 9) + b"]"),
        9: lambda: content.__setitem__(slice(at, at), b"a" * 2_000_000),
    }[rng.randrange(10)]()
    path.write_bytes(content)


def change_file(path, rng):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    {
        0: lambda: None,
        1: lambda: os.mkfifo(path),
        2: lambda: path.symlink_to("/dev/zero"),
        3: lambda: path.symlink_to("/dev/tty"),
        4: lambda: path.symlink_to(path),
        5: path.mkdir,
        6: lambda: path.symlink_to("/proc/self/environ"),
        7: lambda: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40),
        8: lambda: path.symlink_to("/"),
    }[rng.randrange(9)]()


def make_worse(folder, seed):
    """Change some files of a record, and say which."""
    rng = random.Random(seed)
    changed = []
    for _ in range(rng.choice([1, 1, 2, 4])):
        paths = sorted(
            path for path in folder.rglob("*") if path.lstat().st_size < 10_000_000 and not path.is_symlink()
        )
        files = [path for path in paths if path.is_file()]
        structured = [path for path in files if path.suffix in (".json", ".jsonl", ".yaml")]
        how = rng.random()
        try:
            if how < 0.65 and structured:
                path = rng.choice(structured)
                change_structure(path, rng)
            elif how < 0.85:
                path = rng.choice(files)
                change_text(path, rng)
            else:
                path = rng.choice(paths)
                change_file(path, rng)
        except (ValueError, IndexError, RecursionError, yaml.YAMLError):
            continue  # one that was changed before is no JSON or YAML any more
        changed.append(path.name)
    return changed


@pytest.mark.parametrize(
    "seeds",
    [range(5), pytest.param(range(5, 1500), marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
    ids=["few", "many"],
)
def test_no_changed_record_breaks_a_command(capsys, good, tmp_path, seeds):
    for seed in seeds:
        root = tmp_path / "root"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(good.parent, root / "runs")
        shutil.copytree(good.parent.parent / "data", root / "data")
        folder = root / "runs" / good.name
        make_worse(folder, seed)
        read_all(capsys, folder, good)
