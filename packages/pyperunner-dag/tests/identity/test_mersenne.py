from __future__ import annotations

import random

import pytest

from pyperunner_dag.identity.mersenne import seed_of_state


def words(generator):
    return generator.getstate()[1][:-1]


@pytest.mark.parametrize("seed", [0, 1, 2, 624, 2**31, 2**32 - 1, 2**32, 2**64 + 5, 2**1000 + 1])
@pytest.mark.parametrize("drawn", [0, 1, 623, 624, 625, 3000])
def test_a_seed_is_found_again(seed, drawn):
    generator = random.Random(seed)
    for _ in range(drawn):
        generator.getrandbits(32)
    assert seed_of_state(words(generator)) == seed


@pytest.mark.parametrize("seed", ["", "a", "text " * 15, b"bytes", 3.25, -7])
def test_whatever_seeds_is_found_again_as_one_number(seed):
    one, other = random.Random(seed), random.Random(seed)
    other.gauss(0, 1)
    found = seed_of_state(words(one))
    assert found is not None
    assert seed_of_state(words(other)) == found


def test_numbers_that_differ_are_told_apart():
    seeds = [random.Random(0).getrandbits(bits) for bits in range(1, 200)]
    assert [seed_of_state(words(random.Random(seed))) for seed in seeds] == seeds


@pytest.mark.parametrize("drawn", [0, 10, 3000])
def test_a_generator_that_seeds_itself_has_none(drawn):
    for _ in range(5):
        generator = random.Random()
        for _ in range(drawn):
            generator.random()
        assert seed_of_state(words(generator)) is None


def test_a_seed_as_long_as_the_state_is_none():
    assert seed_of_state(words(random.Random(random.Random(1).getrandbits(624 * 32)))) is None


@pytest.mark.parametrize("seed", [0, 1, 42, 2**32 - 1, [3], [1, 2], list(range(20))])
@pytest.mark.parametrize("drawn", [0, 700])
def test_numpy_makes_its_states_in_two_ways(seed, drawn):
    np = pytest.importorskip("numpy")
    generator = np.random.RandomState(seed)
    generator.random_sample(drawn)
    parts = seed if isinstance(seed, list) else [seed]
    expected = sum(part << (32 * place) for place, part in enumerate(parts))
    assert seed_of_state(generator.get_state(legacy=False)["state"]["key"].tolist()) == expected
