"""A pipeline that lives in a module, as one that is recorded and made again must."""

from __future__ import annotations

from pyperunner_dag import Pipeline, task


@task("Source", receives_input=False)
def source(n):
    return n


@task("Ratio")
def ratio(data, by, divisor):
    return data[0] / by / divisor


def pipeline(divisor):
    first, second = source("first", n=6), source("second", n=3)
    ratio(by=second, divisor=divisor)(first)
    return Pipeline("ratios", [first, second])
