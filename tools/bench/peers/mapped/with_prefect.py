"""1,000 elements of a list that a task makes, and their sum, in Prefect; prints the seconds of the run."""

import sys
import time

# begin
from prefect import flow, task
from prefect.cache_policies import INPUTS, TASK_SOURCE


@task(cache_policy=INPUTS + TASK_SOURCE, persist_result=True)
def files(count):
    return list(range(count))


@task(cache_policy=INPUTS + TASK_SOURCE, persist_result=True)
def clean(path):
    return path + 1


@task(cache_policy=INPUTS + TASK_SOURCE, persist_result=True)
def total(parts):
    return sum(parts)


@flow(log_prints=False)
def run(count):
    return total(clean.map(files(count)).result())


# end
if __name__ == "__main__":
    began = time.perf_counter()
    count = int(sys.argv[1])
    assert run(count) == sum(range(count)) + count
    print(f"{time.perf_counter() - began:.2f}")
