"""Files as inputs and outputs: a task runs again when what it reads has changed, or what it made is gone.

pyperunner run docs/examples/files.py
pyperunner plan docs/examples/files.py
"""

from __future__ import annotations

from pathlib import Path

from pyperunner import Pipeline, Runner, task
from pyperunner_dag import File

TABLE = Path("files-table.csv")
if not TABLE.exists():
    TABLE.write_text("city,people\nOslo,700000\nBergen,290000\n")


@task("Count")
def count(table: File, into: str) -> File:
    """Write the sum of a column to a file and return that file: it is kept by path and digest, not copied."""
    rows = Path(table).read_text().splitlines()[1:]
    Path(into).write_text(str(sum(int(row.split(",")[1]) for row in rows)))
    return File(into)


@task("Say")
def say(data: list[File]) -> str:
    """Read the file that the parent made."""
    return f"{int(Path(data[0]).read_text()):,} people"


counted = count(table=File(TABLE), into="files-total.txt")
said = say()(counted)
pipeline = Pipeline("files", [counted])

if __name__ == "__main__":
    runner = Runner(data_path="pyperunner-data", log_path="pyperunner-runs")
    runner.run(pipeline)
    print(runner.results()["Say()"])
