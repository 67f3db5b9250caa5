"""Checks that run tasks again: what they depend on besides their keys is found, and nothing else is touched."""

from __future__ import annotations

import json

FLOW = """
import os, random, time
from pyperunner import Pipeline, task
from pyperunner_dag import File, Secret

@task("Good")
def good(n):
    return [random.random() for _ in range(n)]  # of a seeded generator

@task("Clock")
def clock(data):
    return {"at": time.time(), "of": data[0]}

@task("Environment")
def environment(data):
    return os.environ.get("MY_MODE", "none")

@task("Declared")
def declared(data, token, table):
    with open(table) as file:
        return [os.environ["DECLARED"], len(token), file.read()]

@task("Order")
def order(data):
    return list({"alpha", "beta", "gamma", "delta", "epsilon", "zeta"})

@task("Reads")
def reads(data):
    return open("data.csv").read()

@task("After")
def after(data):
    return len(data)

@task("Each")
def each(x):
    return x * 2

@task("Late")
def late(n):
    return n

@task("Passing", cache=False)
def passing(n):
    return n

@task("Behind")
def behind(data):
    return data

first = good(n=3)
after()([make()(first) for make in (clock, environment, order, reads)])
known = declared(token=Secret(env="TOKEN"), table=File("table.csv"))(first).with_options(env={"DECLARED": "1"})
behind()(passing_one := passing(n=2))
pipeline = Pipeline("p", [first, each.map(x=first), late(n=1), passing_one])
"""


HOOK = """
def hear(event):
    if type(event).__name__ == "RunStarted":
        with open("told.txt", "a") as file:
            file.write("run ")
"""


def test_what_tasks_depend_on_is_found(project):
    """One run of the command over tasks of all kinds: each finding, and none where there is nothing to find."""
    project.write("flow.py", FLOW)
    project.write("data.csv", "a,b\n")
    project.write("table.csv", "c\n")
    env = {"MY_MODE": "fast", "TOKEN": "s3cret-token"}
    project.write("told-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: told\nVersion: 1.0\n")
    project.write("told-1.0.dist-info/entry_points.txt", "[pyperunner.hooks]\ntold = told:hear\n")
    project.write("told.py", HOOK)
    project.command("run", "flow.py", "--no-report", **env)
    project.command("invalidate", "flow.py", "Late", **env)
    before = sorted(path for path in (project.folder / "pyperunner-data").rglob("*") if path.is_file())
    states = [path.stat().st_mtime_ns for path in before]
    told = json.loads(project.command("check", "flow.py", "--json", **env, code=3))
    found = {each["name"]: [finding["kind"] for finding in each["findings"]] for each in told["tasks"]}
    assert found == {
        "Good()": [],
        "Clock()": ["time"],
        "Environment()": ["environment"],
        "Declared()": [],
        "Order()": ["order"],
        "Reads()": ["files"],
        "After()": [],
        "Each(*)[0]": [],
        "Each(*)[1]": [],
        "Each(*)[2]": [],
        "Late()": ["not stored"],
        "Passing()": ["not stored"],
        "Behind()": ["not stored"],
    }
    details = {each["name"]: [finding["details"] for finding in each["findings"]] for each in told["tasks"]}
    assert details["Environment()"] == [["it mentions MY_MODE", "'fast' → 'none'"]]
    assert details["Reads()"] == [[str(project.folder / "data.csv")]]
    assert details["Clock()"][0][0].startswith("['at']: ")
    after = sorted(path for path in (project.folder / "pyperunner-data").rglob("*") if path.is_file())
    assert (after, [path.stat().st_mtime_ns for path in after]) == (before, states)
    assert len(list((project.folder / "pyperunner-runs").iterdir())) == 1
    assert (project.folder / "told.txt").read_text() == "run "  # nobody is told of the runs of a check
    texts = {each["name"]: [finding["text"] for finding in each["findings"]] for each in told["tasks"]}
    assert texts["Passing()"] == ["it keeps no output (cache=False)"]
    assert texts["Behind()"] == ["Passing() keeps no output (cache=False)"]
    text = project.command("check", "flow.py", "Late", **env, code=1)
    assert text.splitlines()[:3] == [
        "Late(): no stored output",
        "  it has no stored output of today",
        "  → run the pipeline first",
    ]
