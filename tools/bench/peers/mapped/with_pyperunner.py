"""1,000 elements of a list that a task makes, and their sum, in pyperunner; prints the seconds of the run."""

import sys
import time

# begin
from pyperunner import Pipeline, Runner, task


@task("Files")
def files(count):
    return list(range(count))


@task("Clean")
def clean(path):
    return path + 1


@task("Total")
def total(parts):
    return sum(parts)


def run(count):
    last = total(parts=clean.map(path=files(count=count)))
    Runner("data", "log", executor="pool").run(Pipeline("mapped", [last]))
    return last.output


# end
if __name__ == "__main__":
    began = time.perf_counter()
    count = int(sys.argv[1])
    assert run(count) == sum(range(count)) + count
    print(f"{time.perf_counter() - began:.2f}")
