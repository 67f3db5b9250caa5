from __future__ import annotations

from pyperunner_results.report.graph import critical_path, order, ranks, upstream_of

DIAMOND = [[], [0], [0], [1, 2]]


def test_parents_and_tasks_among_named_inputs_are_upstream():
    tasks = {
        "A()": {}, "B()": {"parents": ["A()"]},
        "C()": {"parents": ["B()", "A()"], "inputs": {"x": {"k": ["A()", ["D()"]]}}},
        "D()": {"inputs": {"y": "B()", "z": "no task"}},
        "E(*)": {"map": {"x": {"$part": ["D()", "a", 0]}}},
    }  # fmt: skip
    assert upstream_of(tasks) == [[], [0], [1, 0, 3], [1], [3]]


def test_order_and_depth():
    positions = order([[1], [2], []])
    assert positions == [2, 1, 0]
    assert ranks([[1], [2], []], positions) == [2, 1, 0]
    assert ranks(DIAMOND, order(DIAMOND)) == [0, 1, 1, 2]


def test_a_cycle_and_a_long_chain_do_no_harm():
    assert order([[1], [0]]) == []
    chain = [[], *([n] for n in range(50_000))]
    assert ranks(chain, order(chain))[-1] == 50_000


def test_the_critical_path_is_the_longest_in_seconds():
    assert critical_path(DIAMOND, order(DIAMOND), [1, 2, 5, 1]) == [0, 2, 3]
    assert critical_path(DIAMOND, order(DIAMOND), [0, 2, 1, 1]) == [1, 3]
    assert critical_path(DIAMOND, order(DIAMOND), [0, 0, 0, 0]) == []
    assert critical_path([[], []], [0, 1], [1, 3]) == [1]
    assert critical_path([], [], []) == []
