from __future__ import annotations

import importlib
import subprocess
import sys

import pyperunner_results


def test_every_public_name_is_there_and_stays():
    for name in pyperunner_results.__all__:
        value = getattr(pyperunner_results, name)
        assert vars(pyperunner_results)[name] is value
    assert set(pyperunner_results.__all__) - {"__version__"} == set(pyperunner_results._HOMES)
    assert dir(pyperunner_results) == sorted(pyperunner_results.__all__)


def test_every_public_name_lives_in_the_module_that_lists_it():
    for name, home in pyperunner_results._HOMES.items():
        module = importlib.import_module(f"pyperunner_results.{home}")
        assert name in module.__all__
        assert getattr(module, name) is getattr(pyperunner_results, name)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(pyperunner_results, "nonsense")


def test_importing_loads_nothing_heavy():
    heavy = "yaml json typing pathlib subprocess importlib.metadata pandas"
    script = f"import sys, pyperunner_results; print([name for name in {heavy.split()!r} if name in sys.modules])"
    environment_has = subprocess.run(
        [sys.executable, "-c", script.replace("import sys, pyperunner_results", "import sys")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    ours = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert ours == environment_has
