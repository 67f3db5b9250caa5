"""What follows from a task that made again what it had made before."""

from __future__ import annotations

import pytest

from pyperunner_dag import Pipeline, Task, run


class Make(Task):
    """Returns what it is told to, whatever else it is given, and leaves a line in a file."""

    @run
    def run(self, data, trace, value=None, salt=0):
        with open(trace, "a") as file:
            file.write(f"{self.tag}\n")
        return value() if callable(value) else [value, len(data)]


class Join(Task):
    @run
    def run(self, left, right, trace):
        with open(trace, "a") as file:
            file.write(f"{self.tag}\n")
        return [left, right]


def dict_one_way():
    return {"a": 1, "b": {1, 2, 3}}


def dict_other_way():
    return {"b": {3, 2, 1}, "a": 1}


@pytest.fixture
def go(kit):
    """Runs a -> b -> c, with params for each, and returns the tags that were executed and the reasons of the rest."""

    def go(a=(), b=(), c=(), reload=(), **options):
        tasks = [
            Make(tag, tag in reload, trace=kit.trace, **dict(given))
            for tag, given in zip("abc", (a, b, c), strict=True)
        ]
        tasks[1](tasks[0])
        tasks[2](tasks[1])
        runner_options = {"executor": "inline", "early_cutoff": True} | options
        runner = kit.runner(**{name: value for name, value in runner_options.items() if name != "force_reload"})
        runner.run(Pipeline("p", [tasks[0]]), force_reload=options.get("force_reload", False))
        assert {task.status.name for task in tasks} <= {"SUCCESS", "SKIPPED"}
        go.tasks, go.runner = tasks, runner
        return "".join(kit.executed())

    return go


CUT = "early cutoff: inputs are identical"


def test_what_follows_from_an_identical_output_is_a_hit(go):
    assert go() == "abc"
    assert go(a={"salt": 1}) == "a"
    record = go.runner.results()
    assert [record.task(f"Make({tag})").reason for tag in "bc"] == [CUT, CUT]
    assert [task.output for task in go.tasks] == [[None, 0], [None, 1], [None, 1]]
    assert go(a={"salt": 1}) == ""
    assert {decision.action for decision in go.runner.plan.values()} == {"skip"}


def test_without_the_flag_all_that_follows_runs(go):
    assert go(early_cutoff=False) == "abc"
    assert go(a={"salt": 1}, early_cutoff=False) == "abc"
    assert go(reload="a", early_cutoff=False) == "abc"


def test_entries_of_runs_without_the_flag_serve(go):
    assert go(early_cutoff=False) == "abc"
    assert go(a={"salt": 1}) == "a"


def test_another_output_does_not_cut_off(go):
    assert go(a={"value": 1}) == "abc"
    assert go(a={"value": 2}) == "ab"  # b is as it was, so that c is cut off
    assert go(a={"value": 2, "salt": 1}) == "a"
    assert go(a={"value": 1, "salt": 2}) == "a"


def test_digests_that_are_not_known_are_not_equal(go, kit):
    """Where neither entry has a canonical digest, the payloads decide."""
    assert go(a={"value": 1}, early_cutoff=False) == "abc"
    kit.runner(executor="inline").run(Pipeline("p", [Make("a", trace=kit.trace, value=2)]))
    assert kit.executed() == ["a"]
    assert go(a={"value": 2}).startswith("b")


def test_a_task_with_a_change_of_its_own_runs(go):
    assert go() == "abc"
    assert go(a={"salt": 1}, c={"salt": 1}) == "ac"
    assert go(b={"value": 1}) == "bc"


def test_reload_runs_and_what_follows_is_cut_off(go):
    assert go() == "abc"
    assert go(reload="a") == "a"
    assert go(reload="b") == "b"
    assert go(reload="ac") == "ac"


def test_force_runs_all(go):
    assert go() == "abc"
    assert go(force_reload=True) == "abc"


def test_sets_count_as_identical_whatever_their_order_and_dicts_do_not(go):
    assert go(a={"value": lambda: {0, 8}}) == "abc"
    assert go(a={"value": lambda: {8, 0}}) == "a"
    assert go(a={"value": dict_one_way}).startswith("ab")
    assert go(a={"value": dict_other_way}).startswith("ab")


def test_equal_frames_count_as_identical(go):
    pandas = pytest.importorskip("pandas")

    def one_way():
        return pandas.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})

    def other_way():
        return pandas.concat([one_way().iloc[:1], one_way().iloc[1:]])

    assert go(a={"value": one_way}) == "abc"
    assert go(a={"value": other_way}) == "a"


def test_an_output_without_a_canonical_digest_runs_what_follows(go):
    assert go(a={"value": _unencodable}) == "abc"
    assert go(a={"value": _unencodable, "salt": 1}) in ("a", "abc")


def _unencodable():
    import functools

    found = []
    found.append(found)
    return functools.partial(print, found)


def test_in_processes_too(go):
    assert go(executor="process") == "abc"
    assert go(a={"salt": 1}, executor="process") == "a"


def join(kit, left, right=None, runner=None):
    a, b = Make("a", trace=kit.trace, value=left), Make("b", trace=kit.trace, value=right)
    task = Join("j", left=a, right={"x": [b]} if right is not None else a, trace=kit.trace)
    (runner or kit.runner(executor="inline", early_cutoff=True)).run(Pipeline("p", [a, b]))
    assert task.status.name in ("SUCCESS", "SKIPPED")
    return sorted(kit.executed())


def one():
    return 1


def uno():
    return 1


def two():
    return 2


def test_named_inputs(kit):
    assert join(kit, one, two) == ["a", "b", "j"]
    assert join(kit, uno, two) == ["a"]
    assert join(kit, two, uno) == ["a", "b", "j"]
    assert join(kit, one) == ["b", "j"]  # inputs of another structure


def test_an_output_that_is_gone_is_made_again(go, kit):
    assert go() == "abc"
    first = go.tasks[1].key
    assert go(a={"salt": 1}) == "a"
    go.runner.store.delete(first)
    assert go(a={"salt": 1}, c={"salt": 2}) == "bc"
    assert go(a={"salt": 2}) == "a"


def test_what_was_invalidated_is_made_again(go):
    assert go() == "abc"
    assert go(a={"salt": 1}) == "a"
    go.runner.set_pipeline(Pipeline("p", [go.tasks[0]]))
    assert go.runner.invalidate("Make(b)") == ["Make(b)"]
    assert go(a={"salt": 1}) == "b"
    assert go() == ""  # what was made again serves here, too


def test_chains_of_links_stay_short(go):
    for number in range(12):
        assert go(a={"salt": number}) == ("a" if number else "abc")
    assert go.tasks[2].output == [None, 1]


@pytest.mark.parametrize("hidden", ["alias", "load_with_digest", "entries"])
def test_stores_that_can_do_less(kit, hidden):
    runner = kit.runner(kit.store_without(hidden), executor="inline", early_cutoff=True)
    assert join(kit, one, two, runner) == ["a", "b", "j"]
    assert join(kit, uno, two, runner) == (["a", "j"] if hidden == "entries" else ["a"])


@pytest.mark.parametrize(
    "junk", [None, 3, {}, {"Make(a)": None}, {"Make(a)": [None, None]}, {"Make(a)": "xy"}, {"Make(a)": []}]
)
def test_entries_that_say_something_else(go, junk):
    assert go() == "abc"
    store, task = go.runner.store, go.tasks[1]
    store.save(task.key, "wrong", {**task.entry_meta(), "upstream": junk})
    assert go(a={"salt": 1}).startswith("ab")
    assert go.tasks[1].output == [None, 1]
