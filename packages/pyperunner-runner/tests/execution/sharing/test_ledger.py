"""The ledger of shared limits: all or nothing, first come first served, nobody in a circle."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.execution.sharing.ledger import STALE_SECONDS, Ledger, Run

A, B, C = (Run(name, name, {"pid": number}) for number, name in enumerate("abc", start=1))


def gpu(amount, resource="gpu"):
    return ((resource, Fraction(amount)),)


def test_all_or_nothing():
    ledger = Ledger()
    both = (("gpu", Fraction(1)), ("net", Fraction(1)))
    assert ledger.take(A, "x", gpu(1, "net"), {"net": 1}, 0) == []
    assert ledger.take(B, "y", both, {"gpu": 1, "net": 1}, 0) == ["net, of which 1 of 1 is held by a (process 1)"]
    assert [run.id for run, _, _ in ledger.held] == ["a"]  # the free gpu is not taken meanwhile
    ledger.release("a", ["x"])
    assert ledger.take(B, "y", both, {"gpu": 1, "net": 1}, 0) == []
    assert ledger.tickets == []


def test_who_comes_later_waits_for_who_has_waited_longer():
    ledger = Ledger()
    assert ledger.take(A, "1", gpu(1), {"gpu": 2}, 0) == []
    assert ledger.take(B, "all", gpu(2), {"gpu": 2}, 0)
    assert ledger.take(A, "2", gpu(1), {"gpu": 2}, 0) == ["b (process 2), which has waited longer for gpu"]
    assert ledger.take(A, "net", gpu(1, "net"), {"net": 1}, 0) == []  # what nobody waits for is free
    ledger.release("a", ["1"])
    assert ledger.take(A, "2", gpu(1), {"gpu": 2}, 0)
    assert ledger.take(B, "all", gpu(2), {"gpu": 2}, 0) == []
    ledger.release("b", ["all"])
    assert ledger.take(A, "2", gpu(1), {"gpu": 2}, 0) == []


def test_a_ticket_that_nobody_asks_for_keeps_nobody_waiting():
    ledger = Ledger()
    ledger.take(A, "1", gpu(2), {"gpu": 2}, 0)
    ledger.take(B, "2", gpu(2), {"gpu": 2}, 0)
    ledger.release("a", ["1"])
    assert ledger.take(A, "3", gpu(1), {"gpu": 2}, STALE_SECONDS)
    assert ledger.take(A, "3", gpu(1), {"gpu": 2}, STALE_SECONDS + 0.1) == []
    assert ledger.take(B, "2", gpu(2), {"gpu": 2}, STALE_SECONDS + 1)  # its place is still its own
    assert ledger.take(A, "4", gpu(1), {"gpu": 2}, STALE_SECONDS + 1)


def test_what_the_dead_have_is_free():
    ledger = Ledger()
    ledger.take(A, "1", gpu(1), {"gpu": 1}, 0)
    ledger.take(B, "2", gpu(1), {"gpu": 1}, 0)
    ledger.forget(lambda run: run.id == "c")
    assert (ledger.held, ledger.tickets) == ([], [])
    assert ledger.take(C, "3", gpu("0.1"), {"gpu": 0.1}, 0) == []


DEMANDS = st.dictionaries(st.sampled_from("xyz"), st.integers(1, 3), min_size=1)


@given(st.lists(st.lists(DEMANDS, max_size=4), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_whatever_is_asked_for_in_whatever_order_is_had_in_the_end(wanted, chance):
    capacity = dict.fromkeys("xyz", 3)
    ledger = Ledger()
    runs = [Run(str(at), str(at), {}) for at in range(len(wanted))]
    left = {run.id: [tuple(sorted((name, Fraction(n)) for name, n in each.items())) for each in tasks]
            for run, tasks in zip(runs, wanted, strict=True)}  # fmt: skip
    for number in range(2000):
        held = [(run.id, task) for run, task, _ in ledger.held]
        for resource in "xyz":
            assert sum(dict(demand).get(resource, 0) for _, _, demand in ledger.held) <= 3
        if not any(left.values()) and not held:
            break
        if held and chance.random() < 0.5:
            ledger.release(*(lambda each: (each[0], [each[1]]))(chance.choice(held)))
        run = runs[number % len(runs)]
        for demand in list(left[run.id]):
            if not ledger.take(run, f"{number} {demand}", demand, capacity, 0):
                left[run.id].remove(demand)
    assert not any(left.values())
