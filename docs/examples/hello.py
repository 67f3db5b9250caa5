"""The smallest pipeline: one task, and one that follows it.

pyperunner run docs/examples/hello.py
pyperunner run docs/examples/hello.py --set "Hello().name=moon"
"""

from __future__ import annotations

from pyperunner import Runner, Sequential, Task, run, task


@task("Hello")
def hello(name: str = "world") -> str:
    """Greet someone; what a task prints stands in the run's log."""
    print("in hello()")
    return f"hello {name}"


class Shout(Task):
    """A task as a class: its name is that of the class, its work is done by ``run``."""

    @run
    def run(self, data: list[str], marks: int = 1) -> str:
        """Shout what the connected parent returned; ``data`` is the list of the parents' outputs."""
        return data[0].upper() + "!" * marks


pipeline = Sequential("hello", [hello(), Shout(marks=3)])

if __name__ == "__main__":
    runner = Runner(data_path="pyperunner-data", log_path="pyperunner-runs")
    runner.run(pipeline)
    print(runner.results()["Shout()"])
