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


@task("Names")
def names(many):
    return {f"k{number}": number for number in range(many)}


@task("Each")
def each(x, bad=None):
    if x == bad:
        raise ValueError("bad")
    return x + 1


@task("Twice")
def twice(y):
    return 2 * y


@task("Both")
def both(whole, some):
    return [*whole, "some", *some]


@task("After")
def after(data):
    return data[0]


def mapped(bad=None):
    found = names(many=3)
    each_of = each.map(x=found, bad=bad)
    made = twice.map(y=each_of)
    after()(both(whole=made, some=each_of.successes()))
    return Pipeline("mapped", [found])
