from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_keys.code.graph import Part, full_digests, reachable


def build(local, edges):
    parts = [Part(str(number), local=text) for number, text in enumerate(local)]
    for source, label, target in edges:
        parts[source % len(parts)].edges.append((label, parts[target % len(parts)]))
    for part in parts:
        part.edges.sort(key=lambda edge: edge[0])
    return parts


def digests(parts, roots=None, ignored=lambda part: False):
    known: dict = {}
    full_digests(parts if roots is None else roots, ignored, known)
    return known


GRAPHS = st.tuples(
    st.lists(st.sampled_from("ab"), min_size=1, max_size=7),
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from("xy"), st.integers(0, 6)), max_size=14),
)


@given(GRAPHS, st.randoms(use_true_random=False))
def test_digests_do_not_depend_on_where_one_enters(graph, rng):
    parts = build(*graph)
    expected = digests(parts)
    order = parts[:]
    rng.shuffle(order)
    assert digests(order) == expected
    for part in parts:
        assert digests([part])[part] == expected[part]


@given(GRAPHS)
def test_digests_agree_exactly_where_the_graphs_unfold_alike(graph):
    """Against the definition: two parts are alike if no walk along labels tells them apart."""
    parts = build(*graph)
    found = digests(parts)
    classes = {part: part.local for part in parts}
    for _ in parts:
        signatures = {p: (classes[p], tuple((label, classes[t]) for label, t in p.edges)) for p in parts}
        numbers = {signature: str(n) for n, signature in enumerate(sorted(set(signatures.values()), key=repr))}
        classes = {p: numbers[signatures[p]] for p in parts}
    for one in parts:
        for other in parts:
            if found[one] == found[other]:
                assert classes[one] == classes[other]


def test_cycles_that_differ_far_away_differ():
    ring = [(n, "x", n + 1) for n in range(6)]
    first = build("aaaaaa", ring)
    second = build("aaaaab", ring)
    assert digests(first)[first[0]] != digests(second)[second[0]]


def test_names_do_not_count():
    first, second = build("ab", [(0, "x", 1)]), build("ab", [(0, "x", 1)])
    second[1].name = "other"
    assert digests(first)[first[0]] == digests(second)[second[0]]


def test_what_is_ignored_counts_as_nothing():
    first, second = build("abc", [(0, "x", 1), (1, "x", 2)]), build("azc", [(0, "x", 1)])
    drop = lambda part: part.name == "1"  # noqa: E731
    assert digests(first, [first[0]], drop)[first[0]] == digests(second, [second[0]], drop)[second[0]]
    assert reachable([first[0]], drop) == [first[0]]


def test_long_chains_do_not_recurse():
    count = 20_000
    parts = build("a" * count, [(n, "x", n + 1) for n in range(count - 1)])
    assert len(digests([parts[0]])) == count
    assert len(reachable([parts[0]], lambda part: False)) == count


def test_large_cycles_end_soon():
    numbers = random.Random(1)
    edges = [(n, "x", n + 1) for n in range(2000)] + [(n, "y", numbers.randrange(2000)) for n in range(2000)]
    parts = build([str(n) for n in range(2000)], edges)
    assert len(set(digests(parts).values())) == 2000
