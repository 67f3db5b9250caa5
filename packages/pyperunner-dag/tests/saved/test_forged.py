"""Values in a pipeline file that anybody may have written: no setter, look-up or huge number is theirs."""

from __future__ import annotations

import sys
import tracemalloc
from fractions import Fraction

import pytest

from pyperunner_dag import ModuleRefusedError, TaskLookupError
from pyperunner_dag.saved.modules import Modules
from pyperunner_dag.saved.values import FRACTION_BITS, OpaqueFound, from_plain, to_plain
from pyperunner_keys import digest

pytestmark = pytest.mark.timeout(30)

LONG = hex(1 << FRACTION_BITS + 1)
DEEP = {"a": 1}
for _ in range(150):
    DEEP = {"a": [DEEP]}
FORGED = [
    {"$fraction": ["1e999999999"]},
    {"$fraction": ["1", "3"]},
    {"$fraction": [{"$int": LONG}, {"$int": LONG}]},
    {"$fraction": [1, 0]},
    {"$timedelta": [1e300]},
    {"$timedelta": [1e300, 0, 0]},
    {"$timedelta": [{"$int": LONG}, 0, 0]},
    {"$decimal": [0, [1], 5]},
    {"$decimal": 1},
    {"$range": [0, 1]},
    {"$range": ["a", 1, 1]},
    {"$int": 5},
    {"$int": "zz"},
    {"$datetime": {"at": "2024-01-01T00:00", "zone": "../../../etc/passwd", "fold": 0}},
    {"$time": {"at": "00:00", "zone": [1e300, "x"], "fold": 0}},
    {"$numpy": {"dtype": "|S1", "value": 10**10}},
    {"$numpy": {"dtype": "|S1", "value": {"$range": [0, 10**10, 1]}}},
    {"$numpy": {"dtype": "<U1", "value": {"$range": [0, 10**10, 1]}}},
    {"$numpy": {"dtype": "O", "value": 1}},
    {"$numpy": {"dtype": "(100000000,)f8", "value": 1}},
    {"$ndarray": {"dtype": "|S0", "shape": [10**12], "order": "C", "data": ""}},
    {"$ndarray": {"dtype": "T", "shape": [1], "order": "C", "data": "AAAAAAAAAAAAAAAAAAAAAA=="}},
    {"$ndarray": {"dtype": ["<f8"], "shape": [1], "order": "C", "data": "AAAAAAAAAAA="}},
    DEEP,
]


@pytest.mark.parametrize("plain", FORGED, ids=lambda plain: str(plain)[:60])
def test_what_is_no_value_is_refused_and_costs_nothing(plain):
    pytest.importorskip("numpy")
    tracemalloc.start()
    with pytest.raises(ValueError):
        from_plain(plain, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_a_fraction_that_nobody_would_read_is_kept_by_its_digest():
    value = Fraction(1, (1 << FRACTION_BITS) + 1)
    with pytest.raises(OpaqueFound, match="Fraction"):
        from_plain(to_plain([value]), None)
    assert to_plain(value)["$opaque"]["digest"] == digest(value)


SOURCE = """
    import enum, functools, os
    from dataclasses import dataclass
    from os import system as shell, path
    from other_flow import Other, other

    ran = []

    def __getattr__(name):
        ran.append(name)
        raise AttributeError(name)

    def helper():
        return 1

    @dataclass
    class Watched:
        x: int
        def __setattr__(self, name, value):
            ran.append(name)

    @dataclass
    class Property:
        x: int

    Property.x = property(lambda self: 1, lambda self, value: ran.append("setter"))

    class Color(enum.Flag):
        RED = 1
        BLUE = 2
        @classmethod
        def _missing_(cls, value):
            ran.append("_missing_")

    class Access(enum.Flag):
        READ = 1
        WRITE = 2
"""


@pytest.fixture
def flow(module):
    module(
        "other_flow",
        """
        from pyperunner_dag import task
        def other():
            return 1
        @task("Other")
        def Other(command):
            return command
        """,
    )
    return module("forged_flow", SOURCE)


def found(plain, allowed=("forged_flow",)):
    modules = Modules(allowed)
    return from_plain(plain, lambda reference: modules.object("t", reference))


@pytest.mark.parametrize(
    "reference",
    ["os.system", "shell", "path", "path.join", "functools.partial", "Other", "other", "ran", "helper.__globals__"],
)
def test_an_allowed_module_leads_to_no_other(flow, reference):
    with pytest.raises((ModuleRefusedError, TaskLookupError)):
        found({"$function": f"forged_flow:{reference}"})
    assert found({"$function": "forged_flow:helper"}) is flow.helper
    assert flow.ran == []


def test_an_allowed_module_leads_to_no_task_of_another(flow):
    with pytest.raises(TaskLookupError, match="no such Task class"):
        Modules(["forged_flow"]).task_class("t", "forged_flow", "Other")
    assert Modules(None).task_class("t", "forged_flow", "Other") is flow.Other
    assert Modules(["*_flow"]).task_class("t", "forged_flow", "Other") is flow.Other


def test_a_lazy_name_is_not_asked_for(flow):
    with pytest.raises(TaskLookupError):
        found({"$class": "forged_flow:Lazy"})
    assert flow.ran == []


def test_no_setter_is_called_and_no_enum_asked(flow):
    watched = found({"$dataclass": {"type": "forged_flow:Watched", "fields": {"x": 1}}})
    assert watched.x == 1
    behind = found({"$dataclass": {"type": "forged_flow:Property", "fields": {"x": 2}}})
    assert vars(behind) == {"x": 2}
    for which in ({"value": 4}, {"value": 3}, {"name": "GREEN"}, {"name": "_missing_"}, {"value": [1]}):
        with pytest.raises(ValueError, match="no member"):
            found({"$enum": {"type": "forged_flow:Color", **which}})
    assert found({"$enum": {"type": "forged_flow:Access", "value": 3}}) is flow.Access.READ | flow.Access.WRITE
    assert flow.ran == []


def test_nothing_is_imported_by_a_refusal(flow):
    before = set(sys.modules)
    for reference in ("wave:open", "forged_flow.wave:open", "forged_flow:wave"):
        with pytest.raises((ModuleRefusedError, TaskLookupError)):
            found({"$function": reference})
    assert "wave" not in set(sys.modules) - before
