from __future__ import annotations

import random
import sys
import types

import pytest

from pyperunner_dag import Options, seed_of, task
from pyperunner_dag.identity import seeds as module
from pyperunner_dag.identity.seeds import counted_seeds, program_seeds


@task("Draw")
def draw(n):
    return n


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    state = random.getstate()
    monkeypatch.setattr(module, "_seen", {})
    yield
    random.setstate(state)


def test_a_program_that_seeds_nothing_has_no_seeds():
    random.seed()
    assert "random" not in program_seeds()


def test_a_seed_is_remembered_however_much_is_drawn():
    random.seed(5)
    assert program_seeds()["random"] == 5
    for _ in range(20_000):
        random.random()
    assert program_seeds()["random"] == 5
    random.seed("a text, which is a long number")
    assert str(program_seeds()["random"]).startswith("0x")


@pytest.mark.parametrize("drawn", [0, 700])
def test_a_seed_that_a_library_gives_and_takes_back_does_not_stay(drawn):
    for own in (None, 5):
        random.seed(own)
        before, state = program_seeds().get("random"), random.getstate()
        assert before == own
        random.seed(42)
        assert program_seeds()["random"] == 42
        random.setstate(state)
        for _ in range(drawn):
            random.random()
        assert program_seeds().get("random") == own


def test_numpys_and_torchs_count_too(monkeypatch):
    np = pytest.importorskip("numpy")
    before = np.random.get_state(legacy=False)
    try:
        np.random.seed(3)
        # torch takes minutes to install; all that is asked of it is this
        monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(initial_seed=lambda: 67280421310721))
        assert {**program_seeds(), "random": 0} == {"random": 0, "numpy.random": 3}
        monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(initial_seed=lambda: 4))
        assert {**program_seeds(), "random": 0} == {"random": 0, "numpy.random": 3, "torch": 4}
    finally:
        np.random.set_state(before)


def test_a_seed_is_made_of_the_name():
    random.seed()
    one, same, other = draw("a", n=1), draw("a", n=2), draw("b", n=1)
    for each in (one, same, other):
        each.hash()
    assert seed_of(one, 1) == seed_of(same, 2) != seed_of(other, 1)
    assert seed_of(one.with_options(seed=7), 1) == 7
    assert seed_of(one.with_options(seed=None), 1) is None
    one.with_options(seed="attempt")
    assert seed_of(one, 1) != seed_of(one, 2)


def test_what_counts():
    given = {"random": 1}
    assert counted_seeds(Options(), {}) == {}
    assert counted_seeds(Options(), given) == {"seeds of the program": given}
    assert counted_seeds(Options(seed=7), given) == {"seed": 7}
    assert counted_seeds(Options(seed=None), given) == {"seed": None, "seeds of the program": given}
    assert counted_seeds(Options(seed="attempt"), {}) == {"seed": "attempt"}


def test_a_seed_that_the_program_gives_changes_the_key_and_goes_with_it():
    random.seed()
    plain = draw(n=1).hash()
    random.seed(5)
    seeded = draw(n=1)
    assert seeded.hash() != plain
    assert seed_of(seeded, 1) != seed_of(draw(n=1), 1)  # which was not hashed, and knows of none
    assert draw(n=1).with_options(seed=7).hash() == draw(n=1).with_options(seed=7).hash()
