from __future__ import annotations

from pyperunner_keys import fingerprint


def test_attributes_of_functions_count(project):
    flow = project(flow="def run(): return run.unit\nrun.unit = 'm'\n")
    before = fingerprint(flow.run)
    flow.run.unit = "km"
    assert fingerprint(flow.run).digest != before.digest


def test_empty_cells_are_no_error(project):
    flow = project(flow="def make():\n    def run(): return later\n    if 0: later = 1\n    return run\nrun = make()\n")
    assert fingerprint(flow.run).gaps == {}


def test_what_is_changed_while_running_is_a_gap(project):
    flow = project(flow="SEEN = []\nimport copy\ndef run(x=1):\n    SEEN.append(x)\n    copy.copy(x)\n")
    assert set(fingerprint(flow.run).gaps) == {"flow.SEEN"}


def test_a_function_of_a_module_called_append_changes_nothing(project):
    flow = project(flow="import tools\ndef run(x=1): return tools.append(x)\n", tools="def append(x): return x\n")
    assert fingerprint(flow.run).gaps == {}


def test_an_unencodable_constant_counts_by_its_statements_and_what_they_use(project):
    text = "import threading\nSIZE = 1\nPOOL = {{'lock': threading.Lock(), 'n': {} + SIZE}}\ndef run(): return POOL\n"
    one, other, third = (project(**{f"flow{n}": text.format(k)}) for n, k in enumerate([1, 2, 1]))
    third.SIZE = 5
    assert len({fingerprint(module.run).digest for module in (one, other, third)}) == 3


def test_long_values_are_shown_short(project):
    flow = project(flow="BIG = 10 ** 5000\nTABLE = list(range(1000))\ndef run(): return BIG, TABLE\n")
    found = fingerprint(flow.run)
    assert found.sources["flow.BIG"] == "BIG = 10 ** 5000\n"
    assert found.sources["flow.TABLE"].startswith("TABLE = [0, 1, 2")
    assert len(found.sources["flow.TABLE"]) < 400
