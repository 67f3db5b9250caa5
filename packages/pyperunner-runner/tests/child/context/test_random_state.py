from __future__ import annotations

import importlib
import random
import subprocess
import sys
import textwrap

import pytest

from pyperunner_runner.child.context.random_state import seeded


def test_draws_are_those_of_the_seed_and_the_state_is_put_back():
    state, drawn = random.getstate(), []
    for seed in ("one", "one", "other", 7):
        with seeded(seed):
            drawn.append(random.random())
        assert random.getstate() == state
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[3] == random.Random(7).random()


def test_none_leaves_all_alone():
    state = random.getstate()
    with seeded(None):
        assert random.getstate() == state
        drawn = random.random()
    assert random.getstate() != state
    random.setstate(state)
    assert random.random() == drawn


def test_the_state_is_put_back_after_a_failure():
    state = random.getstate()
    with pytest.raises(ValueError), seeded("one"):
        random.random()
        raise ValueError
    assert random.getstate() == state


def test_blocks_may_lie_in_one_another():
    with seeded("outer"):
        random.random()
        state = random.getstate()
        with seeded("inner"):
            random.random()
        assert random.getstate() == state


TORCH = """
generator = [67280421310721]
get_rng_state = lambda: list(generator)
set_rng_state = lambda state: generator.__setitem__(slice(None), state)
manual_seed = lambda seed: generator.__setitem__(0, seed)
"""


def test_a_library_is_seeded_when_it_is_loaded(tmp_path, monkeypatch):
    """What stands in for torch, which takes minutes to install, has the three functions that are asked for."""
    (tmp_path / "torch.py").write_text(TORCH)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    finders = list(sys.meta_path)
    seen = []
    for seed in ("one", "one", "other", 7):
        with seeded(seed):
            assert importlib.util.find_spec("torch") is not None
            torch = importlib.import_module("torch")
            seen.append(torch.generator[0])
            assert type(torch.__loader__) is type(torch.__spec__.loader) is type(textwrap.__loader__)
        assert torch.generator == [67280421310721]
        assert sys.meta_path == finders
        del sys.modules["torch"]
    assert seen[0] == seen[1] != seen[2]
    assert seen[3] == 7


def test_numpy_is_seeded_when_it_is_loaded():
    pytest.importorskip("numpy")
    code = """
    from pyperunner_runner.child.context.random_state import seeded
    with seeded(7):
        import numpy.random
        first = numpy.random.random_sample()
        second = numpy.random.RandomState(7).random_sample()
    assert first == second, (first, second)
    with seeded("text"):
        one = numpy.random.random_sample()
    numpy.random.set_bit_generator(numpy.random.PCG64(3))
    before = numpy.random.get_state(legacy=False)
    with seeded("text"):
        numpy.random.random_sample()
    assert numpy.random.get_state(legacy=False) == before
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
