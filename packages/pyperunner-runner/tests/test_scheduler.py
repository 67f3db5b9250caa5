"""The schedule as a state machine: order, failure, repair."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.scheduler import Scheduler, State

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def drain(scheduler):
    names = []
    while (name := scheduler.next_ready()) is not None:
        names.append(name)
    return names


def test_a_task_is_ready_when_all_its_upstream_tasks_are_settled():
    scheduler = Scheduler(DIAMOND)
    assert drain(scheduler) == ["a"]
    scheduler.succeed("a")
    assert drain(scheduler) == ["b", "c"]
    scheduler.succeed("b")
    assert drain(scheduler) == []
    scheduler.skip("c")
    assert drain(scheduler) == ["d"]
    assert not scheduler.finished
    scheduler.succeed("d")
    assert scheduler.finished


def test_ready_tasks_go_by_rank_and_then_in_order():
    scheduler = Scheduler({"a": [], "b": [], "c": []}, {"c": -1.0})
    assert drain(scheduler) == ["c", "a", "b"]
    scheduler = Scheduler({"a": [], "b": [], "c": []}, {"c": -1.0}, priorities={"b": 1})
    assert drain(scheduler) == ["b", "c", "a"]


def test_a_failure_blocks_its_descendants_and_nothing_else():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["b"], "d": []})
    assert drain(scheduler) == ["a", "d"]
    assert scheduler.fail("a") == ["b", "c"]
    assert not scheduler.finished
    scheduler.succeed("d")
    assert scheduler.finished
    assert scheduler.states == {"a": State.FAILED, "b": State.CANT_RUN, "c": State.CANT_RUN, "d": State.DONE}


def test_it_says_how_many_could_start_with_the_resources_that_are_free():
    demands = {"c": {"gpu": 1}, "d": {"gpu": 1}}
    scheduler = Scheduler({name: [] for name in "abcde"}, demands=demands, capacity={"gpu": 1})
    assert scheduler.startable == 5
    assert [scheduler.next_ready() for _ in range(3)] == ["a", "b", "c"]
    assert scheduler.startable == 1
    scheduler.succeed("c")
    assert scheduler.startable == 2
    assert drain(scheduler) == ["d", "e"]
    assert scheduler.startable == 0


def test_a_task_given_back_is_handed_out_again():
    scheduler = Scheduler({"a": []})
    assert drain(scheduler) == ["a"]
    scheduler.give_back("a")
    assert drain(scheduler) == ["a"]


def test_a_damaged_input_sends_its_maker_and_the_task_back_once():
    scheduler = Scheduler({"a": [], "b": ["a"]})
    drain(scheduler)
    scheduler.skip("a")
    assert drain(scheduler) == ["b"]
    assert scheduler.remake("b", ["a"])
    assert scheduler.remade("a")
    assert not scheduler.remade("b")
    assert drain(scheduler) == ["a"]
    scheduler.succeed("a")
    assert drain(scheduler) == ["b"]
    assert not scheduler.remake("b", ["a"])
    scheduler.fail("b")
    assert scheduler.finished


def test_two_children_that_find_the_same_input_damaged_both_wait_for_one_repair():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["a"]})
    drain(scheduler)
    scheduler.succeed("a")
    assert drain(scheduler) == ["b", "c"]
    assert scheduler.remake("b", ["a"])
    assert drain(scheduler) == ["a"]
    scheduler.succeed("a")
    # c had started before the repair and reports only now.
    assert scheduler.remake("c", ["a"])
    assert sorted(drain(scheduler)) == ["b", "c"]


def test_a_repair_that_fails_blocks_those_that_wait_for_it():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["a"]})
    drain(scheduler)
    scheduler.succeed("a")
    assert drain(scheduler) == ["b", "c"]
    assert scheduler.remake("b", ["a"])
    drain(scheduler)
    assert scheduler.fail("a") == ["b"]
    assert not scheduler.remake("c", ["a"])
    scheduler.fail("c")
    assert scheduler.finished


def test_a_ready_task_waits_again_while_its_input_is_made_again():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["a"]})
    drain(scheduler)
    scheduler.succeed("a")
    assert scheduler.next_ready() == "b"
    assert scheduler.remake("b", ["a"])
    assert drain(scheduler) == ["a"]
    assert scheduler.states["c"] is State.WAITING


def test_cancelling_leaves_nothing_to_start():
    scheduler = Scheduler(DIAMOND)
    drain(scheduler)
    assert scheduler.cancel_waiting() == ["b", "c", "d"]
    scheduler.fail("a")
    assert scheduler.finished
    assert drain(scheduler) == []


def test_a_long_chain_needs_no_recursion_when_its_root_fails():
    names = [str(index) for index in range(100_000)]
    scheduler = Scheduler({name: [names[index - 1]] if index else [] for index, name in enumerate(names)})
    assert drain(scheduler) == ["0"]
    assert len(scheduler.fail("0")) == 99_999
    assert scheduler.finished


@st.composite
def graphs(draw):
    names = [f"t{index}" for index in range(draw(st.integers(1, 10)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }


@given(graphs(), st.data())
def test_any_course_of_events_ends_and_respects_the_order(upstream, data):
    scheduler = Scheduler(upstream)
    running: list[str] = []
    repairs = 0
    for _ in range(1000):
        running += drain(scheduler)
        for name in running:
            assert scheduler.states[name] is State.RUNNING
        if scheduler.finished:
            break
        assert running, "nothing runs and nothing is finished"
        name = data.draw(st.sampled_from(running))
        running.remove(name)
        fate = data.draw(st.sampled_from(["succeed", "succeed", "fail", "repair"]))
        if fate == "repair" and upstream[name] and repairs < 20:
            repairs += 1
            if not scheduler.remake(name, [data.draw(st.sampled_from(upstream[name]))]):
                scheduler.fail(name)
        elif fate == "fail":
            scheduler.fail(name)
        else:
            scheduler.succeed(name)
    assert scheduler.finished
    assert not running


def test_a_task_that_is_put_off_holds_no_resources_and_comes_back():
    scheduler = Scheduler({"a": [], "b": []}, demands={"a": {"gpu": 1}, "b": {"gpu": 1}}, capacity={"gpu": 1})
    assert drain(scheduler) == ["a"]
    scheduler.delay("a")
    assert drain(scheduler) == ["b"]
    scheduler.resume("a")
    assert drain(scheduler) == []
    scheduler.succeed("b")
    assert drain(scheduler) == ["a"]
    scheduler.resume("a")
    assert scheduler.states["a"] is State.RUNNING


def test_a_task_that_is_put_off_can_be_cancelled():
    scheduler = Scheduler({"a": [], "b": ["a"]})
    drain(scheduler)
    scheduler.delay("a")
    assert not scheduler.finished
    assert scheduler.cancel_waiting() == ["a", "b"]
    scheduler.resume("a")
    assert scheduler.finished


def test_what_does_not_fit_does_not_hold_up_what_does():
    demands = {"wide": {"gpu": 2}, "narrow": {"gpu": 1}, "first": {"gpu": 1}}
    upstream = {"first": [], "wide": [], "narrow": [], "none": []}
    scheduler = Scheduler(upstream, {"first": -9.0, "wide": -5.0}, demands=demands, capacity={"gpu": 2})
    assert drain(scheduler) == ["first", "narrow", "none"]
    scheduler.succeed("first")
    assert drain(scheduler) == []
    scheduler.succeed("narrow")
    assert drain(scheduler) == ["wide"]


def test_tenths_add_up():
    names = [f"t{index}" for index in range(12)]
    scheduler = Scheduler(
        {name: [] for name in names}, demands={name: {"disk": 0.1} for name in names}, capacity={"disk": 1}
    )
    assert len(drain(scheduler)) == 10


def test_tasks_that_cost_nothing_go_first_and_take_nothing():
    demands = {"a": {"gpu": 1}, "b": {"gpu": 1}}
    scheduler = Scheduler({"a": [], "b": []}, {"a": -9.0}, unmetered=["b"], demands=demands, capacity={"gpu": 1})
    assert drain(scheduler) == ["b", "a"]


def test_a_task_outside_the_selection_is_not_made_again():
    scheduler = Scheduler({"a": [], "b": ["a"]}, never_remade=["a"])
    drain(scheduler)
    scheduler.skip("a")
    assert drain(scheduler) == ["b"]
    assert not scheduler.remake("b", ["a"])


class Model:
    """What a scheduler with resources must do, written without heaps."""

    def __init__(self, upstream, rank, demands, capacity):
        self.upstream, self.rank, self.demands, self.capacity = upstream, rank, demands, capacity
        self.order = list(upstream)
        self.running, self.done, self.delayed = [], set(), set()

    def used(self, resource):
        return sum(self.demands.get(name, {}).get(resource, 0) for name in self.running)

    def fits(self, name):
        wanted = self.demands.get(name, {})
        return all(self.used(resource) + amount <= self.capacity[resource] for resource, amount in wanted.items())

    def next(self):
        ready = [
            name
            for name in self.order
            if name not in self.running
            and name not in self.done | self.delayed
            and self.done.issuperset(self.upstream[name])
            and self.fits(name)
        ]
        best = min(ready, key=lambda name: (self.rank.get(name, ()), self.order.index(name)), default=None)
        if best is not None:
            self.running.append(best)
        return best


@given(graphs(), st.data())
def test_hands_out_what_the_model_hands_out(upstream, data):
    ranks = st.tuples(st.integers(-2, 2), st.integers(-3, 3))
    capacity = {"gpu": data.draw(st.integers(1, 3)), "disk": data.draw(st.integers(1, 3))}
    wanted = st.fixed_dictionaries({}, optional={name: st.integers(0, most) for name, most in capacity.items()})
    demands = {name: data.draw(wanted) for name in upstream}
    rank = {name: data.draw(ranks) for name in upstream}
    model = Model(upstream, rank, demands, capacity)
    ranks = {name: further for name, (_, further) in rank.items()}
    priorities = {name: -first for name, (first, _) in rank.items()}
    scheduler = Scheduler(upstream, ranks, priorities=priorities, demands=demands, capacity=capacity)
    for _ in range(200):
        while (name := scheduler.next_ready()) is not None:
            assert name == model.next()
            for resource, most in capacity.items():
                assert model.used(resource) <= most
            if data.draw(st.booleans()):
                break
        else:
            assert model.next() is None
        if scheduler.finished:
            break
        waiting = sorted(model.delayed)
        if waiting and (not model.running or data.draw(st.booleans())):
            scheduler.resume(waiting[0])
            model.delayed.discard(waiting[0])
        elif model.running:
            name = data.draw(st.sampled_from(model.running))
            model.running.remove(name)
            if data.draw(st.integers(0, 3)) == 0:
                scheduler.delay(name)
                model.delayed.add(name)
            else:
                scheduler.succeed(name)
                model.done.add(name)
    assert scheduler.finished == (len(model.done) == len(upstream))


# --- gathers, which stand for tasks that come to exist


def grown():
    scheduler = Scheduler(
        {"list": [], "map": ["list"], "next": ["map"], "some": ["map"]},
        gathers=["map"],
        unexpanded=["map"],
        tolerant={"some": ["map"]},
    )
    drain(scheduler)
    scheduler.succeed("list")
    assert drain(scheduler) == ["map"]
    scheduler.grow("map", {"map[0]": ["list"], "map[1]": ["list"]})
    return scheduler


def test_a_gather_waits_for_the_tasks_that_it_has_grown():
    scheduler = grown()
    assert drain(scheduler) == ["map[0]", "map[1]"]
    scheduler.succeed("map[1]")
    assert drain(scheduler) == []
    scheduler.succeed("map[0]")
    assert drain(scheduler) == ["map"]
    scheduler.succeed("map")
    assert drain(scheduler) == ["next", "some"]


def test_a_gather_waits_for_all_whatever_becomes_of_one():
    """What tolerates that it is incomplete goes on, all else after it can't run."""
    scheduler = grown()
    drain(scheduler)
    assert scheduler.fail("map[0]") == []
    assert drain(scheduler) == []
    scheduler.succeed("map[1]")
    assert drain(scheduler) == ["map"]
    assert scheduler.fail_gather("map") == ["next"]
    assert drain(scheduler) == ["some"]
    scheduler.succeed("some")
    assert scheduler.finished


def test_a_gather_whose_list_fails_takes_all_after_it_along():
    scheduler = Scheduler(
        {"list": [], "map": ["list"], "some": ["map"]}, gathers=["map"], unexpanded=["map"], tolerant={"some": ["map"]}
    )
    drain(scheduler)
    assert scheduler.fail("list") == ["map", "some"]
    assert scheduler.finished


def test_a_gather_without_tasks_is_ready_at_once():
    scheduler = Scheduler({"map": []}, gathers=["map"], unexpanded=["map"])
    assert drain(scheduler) == ["map"]
    scheduler.grow("map", {})
    assert drain(scheduler) == ["map"]


def test_what_grows_upon_tasks_that_have_failed_cant_run():
    scheduler = Scheduler({"a": [], "b": [], "map": ["b"]}, gathers=["map"], unexpanded=["map"])
    drain(scheduler)
    scheduler.fail("a")
    scheduler.succeed("b")
    assert drain(scheduler) == ["map"]
    scheduler.grow("map", {"map[0]": ["a"], "map[1]": ["b"]})
    assert scheduler.states["map[0]"] is State.CANT_RUN
    assert drain(scheduler) == ["map[1]"]
    scheduler.succeed("map[1]")
    assert drain(scheduler) == ["map"]


def test_a_lost_element_sends_its_gather_back_too():
    scheduler = grown()
    drain(scheduler)
    scheduler.succeed("map[0]")
    scheduler.succeed("map[1]")
    drain(scheduler)
    scheduler.succeed("map")
    assert drain(scheduler) == ["next", "some"]
    assert scheduler.remake("next", ["map[1]"])
    assert drain(scheduler) == ["map[1]"]
    scheduler.succeed("map[1]")
    assert drain(scheduler) == ["map"]
    scheduler.succeed("map")
    assert drain(scheduler) == ["next"]


def test_grown_tasks_take_the_resources_that_they_ask_for():
    scheduler = Scheduler({"map": []}, gathers=["map"], unexpanded=["map"], capacity={"gpu": 1}, unmetered=["map"])
    drain(scheduler)
    scheduler.grow("map", {"map[0]": [], "map[1]": []}, {"map[0]": {"gpu": 1}, "map[1]": {"gpu": 1}})
    assert drain(scheduler) == ["map[0]"]
    scheduler.succeed("map[0]")
    assert drain(scheduler) == ["map[1]"]
