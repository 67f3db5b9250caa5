"""What the command costs as a whole process, beside its peers.

``python tools/bench/command.py [--venv DIR] [--tasks N]``: help, the plan of a fan of N stored tasks, and
the list of N runs (of which peers keep none). Each figure is the median of several new processes, one right after the
other. The peers are looked for in DIR, an environment with doit, snakemake and dvc; one that is not there is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = """
from pyperunner import Pipeline, task

@task("Part")
def part(n):
    return n

@task("Join")
def join(data):
    return sum(data)

parts = [part(str(n), n=n) for n in range({tasks})]
join()(parts)
pipeline = Pipeline("fan", parts)
"""
DOIT = """
from pathlib import Path

def write(n):
    Path(f"part{{n}}").write_text(str(n))

def task_part():
    for n in range({tasks}):
        yield {{"name": str(n), "actions": [(write, [n])], "targets": [f"part{{n}}"], "uptodate": [True]}}
"""
SNAKEMAKE = """
rule all:
    input: expand("part{{n}}", n=range({tasks}))

rule part:
    output: "part{{n}}"
    shell: "echo {{wildcards.n}} > {{output}}"
"""
DVC = """
stages:
  part:
    foreach: [{numbers}]
    do:
      cmd: echo ${{item}} > part${{item}}
      outs: ["part${{item}}"]
"""
PLANS = {
    "doit": ["list", "--all", "--status"],
    "snakemake": ["--dry-run", "--quiet", "--cores", "1"],
    "dvc": ["status"],
}
"""What asks each peer for what it would do."""


def figures(command: list[str], folder: Path, repeats: int) -> str:
    """Return the median time of a command as a whole process, and its processor time, which others disturb less."""
    taken, busy = [], []
    for _ in range(repeats):
        began, before = time.perf_counter(), os.times()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = os.times()
        taken.append(time.perf_counter() - began)
        busy.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return f"{statistics.median(taken):7.3f} s {statistics.median(busy):7.3f} s of processor time"


def many_runs(folder: Path, number: int) -> None:
    """Make so many records out of one."""
    [first] = (folder / "pyperunner-runs").iterdir()
    summary = json.loads((first / "summary.json").read_text())
    for count in range(number):
        made = first.with_name(f"fan_copy_{count}")
        made.mkdir()
        shutil.copy(first / "pipeline.yaml", made)
        (made / "summary.json").write_text(json.dumps({**summary, "start": summary["start"] + count}))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="What the command costs.")
    parser.add_argument("--venv", type=Path, help="environment of the peers")
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    ours = str(Path(sys.executable).with_name("pyperunner"))
    peers = {name: str(options.venv / "bin" / name) for name in PLANS} if options.venv else {}
    peers = {name: path for name, path in peers.items() if Path(path).is_file()}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        numbers = ", ".join(map(str, range(options.tasks)))
        for name, text in (("fan.py", OURS), ("dodo.py", DOIT), ("Snakefile", SNAKEMAKE), ("dvc.yaml", DVC)):
            (folder / name).write_text(text.format(tasks=options.tasks, numbers=numbers))
        subprocess.run([ours, "run", "fan.py", "--no-report", "--executor", "pool"], cwd=folder, check=True, stdout=-3)
        for count in range(options.tasks):
            (folder / f"part{count}").write_text(f"{count}\n")
        if "doit" in peers:
            subprocess.run([peers["doit"]], cwd=folder, check=True, stdout=-3)
        if "dvc" in peers:
            for command in (["init", "--no-scm", "--quiet"], ["commit", "--force", "--quiet"]):
                subprocess.run([peers["dvc"], *command], cwd=folder, check=True, stdout=-3)
        print(f"{'pyperunner --help':<42}{figures([ours, '--help'], folder, options.repeats)}")
        for name, path in peers.items():
            print(f"{f'{name} --help':<42}{figures([path, '--help'], folder, options.repeats)}")
        print(f"{f'pyperunner plan, {options.tasks + 1} stored tasks':<42}", end="")
        print(f"{figures([ours, 'plan', 'fan.py'], folder, options.repeats)}")
        for name, path in peers.items():
            what = f"{name} {' '.join(PLANS[name][:2])}, {options.tasks} tasks"
            print(f"{what:<42}{figures([path, *PLANS[name]], folder, options.repeats)}")
        many_runs(folder, options.tasks)
        for what, more in (
            ("the last 20 of", []),
            ("all", ["--number", "0"]),
            ("all, as JSON", ["--number", "0", "--json"]),
        ):
            print(f"{f'pyperunner runs, {what} {options.tasks + 1}':<42}", end="")
            print(f"{figures([ours, 'runs', *more], folder, options.repeats)}")


if __name__ == "__main__":
    main()
