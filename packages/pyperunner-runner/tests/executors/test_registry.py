from __future__ import annotations

from importlib.metadata import distribution

import pytest

from pyperunner_runner import UnknownExecutor, UnknownExecutorOption
from pyperunner_runner.executors import registry
from pyperunner_runner.executors.registry import find_executor


def test_the_built_in_ones_are_the_registered_ones():
    registered = distribution("pyperunner-runner").entry_points.select(group="pyperunner.executors")
    declared = {entry.name: entry.value for entry in registered}
    assert {name: declared[name] for name in registry._BUILT_IN} == registry._BUILT_IN


def test_what_can_be_called_is_taken_as_it_is():
    assert find_executor(print) is print


def test_an_unknown_name_lists_the_known():
    with pytest.raises(UnknownExecutor, match=r"proces.*inline.*pool.*process"):
        find_executor("proces")


def test_options_are_those_that_the_executor_takes():
    def factory(session, *, queue, size=1):
        return session, queue, size

    factory.places_resources = True
    made = find_executor(factory, {"queue": "long"})
    assert made("session") == ("session", "long", 1)
    assert made.places_resources
    with pytest.raises(UnknownExecutorOption, match="takes no option 'quene'; it takes: queue, size"):
        find_executor(factory, {"quene": "long"})
    with pytest.raises(UnknownExecutorOption, match="executor 'process' takes no option 'address'; it takes: none"):
        find_executor("process", {"address": "here"})
