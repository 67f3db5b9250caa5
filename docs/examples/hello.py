"""The smallest pipeline: one task, and one that follows it.

pyperunner run docs/examples/hello.py
pyperunner run docs/examples/hello.py --set "Hello().name=moon"
"""

from __future__ import annotations

from pyperunner import Runner, Sequential, Task, run, task


@task("Hello")
def hello(name: str = "world") -> str:
    print("in hello()")
    return f"hello {name}"


class Shout(Task):
    @run
    def run(self, data: list[str], marks: int = 1) -> str:
        return data[0].upper() + "!" * marks


pipeline = Sequential("hello", [hello(), Shout(marks=3)])

if __name__ == "__main__":
    runner = Runner(data_path="pyperunner-data", log_path="pyperunner-runs")
    runner.run(pipeline)
    print(runner.results()["Shout()"])
