"""Two branches that run side by side and meet again.

pyperunner graph docs/examples/branches.py
pyperunner run docs/examples/branches.py
pyperunner plan docs/examples/branches.py --set "Power(cubes).exponent=4"
"""

from __future__ import annotations

from pyperunner import Pipeline, Runner, task


@task("Numbers")
def numbers(count: int) -> list[int]:
    """Return the first whole numbers."""
    return list(range(count))


@task("Power")
def power(numbers: list[int], exponent: int) -> list[int]:
    """Raise each number to a power."""
    return [number**exponent for number in numbers]


@task("Total")
def total(data: list[list[int]]) -> list[int]:
    """Sum up what each parent has returned."""
    return [sum(powers) for powers in data]


source = numbers(count=5)
squares = power("squares", numbers=source, exponent=2)  # a named input: the output of source takes its place
cubes = power("cubes", numbers=source, exponent=3)
totals = total()([squares, cubes])  # connected parents: data is the list of their outputs

pipeline = Pipeline("branches", [source])

if __name__ == "__main__":
    runner = Runner(data_path="pyperunner-data", log_path="pyperunner-runs")
    runner.run(pipeline, show_execution_plan=True)
    print(runner.results()["Total()"])
