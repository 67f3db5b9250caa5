"""The cache key: what counts, what does not, what it costs."""

from __future__ import annotations

import copy

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_dag import DAG, CycleError, Pipeline, Task, UnhashableParamError, refresh_hashes, run, task


class Number(Task):
    @run
    def run(self, data, n=0, m=None):
        return n


@task("Number")
def number(data, n=0, m=None):
    return n


class Other(Task):
    @run
    def run(self, data, n=0, m=None):
        return n


def test_a_hash_is_32_hex_digits_and_the_key_has_the_name():
    made = Number("t")
    assert len(made.hash()) == 32
    int(made.hash(), 16)
    assert made.key == f"Number(t)/{made.hash()}"


def test_equal_tasks_have_equal_hashes():
    assert Number("t", n=1, m={"a": 1, "b": 2}).hash() == Number("t", m={"a": 1, "b": 2}, n=1).hash()


@task("Named")
def named(first=1, **more):
    return [first, *more]


def test_the_order_of_arguments_counts_where_the_function_sees_it():
    one = {"x": 1, "y": 2}
    other = {"y": 2, "x": 1}
    assert Number("t", n=one).hash() != Number("t", n=other).hash()
    assert named("t", first=2, **one).hash() == named("t", **one, first=2).hash()
    assert named("t", **one).hash() != named("t", **other).hash()
    upstream = Number("u")
    tasks = [Number("t", n=dict.fromkeys(each, upstream)) for each in (one, other)]
    assert tasks[0].hash() != tasks[1].hash()
    tasks = [named("t", **dict.fromkeys(each, upstream)) for each in (one, other)]
    assert tasks[0].hash() != tasks[1].hash()
    tasks = [Number("t", **dict.fromkeys(each, upstream)) for each in ("nm", "mn")]
    assert tasks[0].hash() == tasks[1].hash()
    tasks = [Number("t").with_options(env=dict.fromkeys(each, "1")) for each in ("AB", "BA")]
    assert tasks[0].hash() == tasks[1].hash()


@pytest.mark.parametrize(
    "other",
    [
        lambda: Number("u", n=1),
        lambda: Other("t", n=1),
        lambda: Number("t", n=2),
        lambda: Number("t", n=True),
        lambda: Number("t", n=1.0),
        lambda: Number("t", n="1"),
        lambda: Number("t", m=1),
        lambda: Number("t", n=1, m=None),
        lambda: Number("t", n=1)(Number()),
        lambda: Number("t", n=Number()),
        lambda: Number("t", n=1, m=Number()),
        lambda: number("t", n=1),
    ],
)
def test_what_counts(other):
    assert other().hash() != Number("t", n=1).hash()


def test_the_class_name_counts_where_the_code_is_the_same():
    def function(n):
        return n

    assert task("A")(function)(n=1).hash() != task("B")(function)(n=1).hash()
    assert task("A")(function)(n=1).hash() == task("A")(function)(n=1).hash()


def test_a_copy_has_a_hash_of_its_own():
    made = Number("t", n=1)
    before = made.hash()
    copied = copy.copy(made)
    copied.set_params(n=2)
    assert copied.hash() != made.hash() == before


def test_reload_does_not_count():
    assert Number("t", reload=True).hash() == Number("t").hash()


def test_parents_count_in_their_order_and_with_repetition():
    a, b = Number("a"), Number("b")
    hashes = {Number()(parents).hash() for parents in ([a, b], [b, a], [a], [a, a], [a, b, a])}
    assert len(hashes) == 5
    assert Number()([a, b]).hash() == Number()(a)(b).hash()


def test_parents_and_inputs_are_not_the_same_and_no_nesting_looks_like_another():
    a = Number("a")
    h = a.hash()
    tasks = [
        *(Number()(a), Number(n=a), Number(m=a), Number(n=[a]), Number(n=(a,)), Number(n=[[a]]), Number(n={"x": a})),
        *(Number(n={0: a}), Number(n={"0": a}), Number(n=[a, a]), Number(n=[a, h]), Number(n=[a, ["Number(a)", h]])),
        *(Number(n=h), Number(n=[h]), Number(n=["Number(a)", h]), Number(n={"task": ["Number(a)", h]})),
        *(Number(n=[a, {"value": 1}]), Number(n=[a, 1]), Number(n=a, m=1), Number(n=a, m=None)),
    ]
    assert len({made.hash() for made in tasks}) == len(tasks)


def test_an_ancestor_change_reaches_every_descendant_however_late():
    a, b, c, d = (Number(name) for name in "abcd")
    d(c(b(a)))
    before = {made: made.hash() for made in (a, b, c, d)}
    b(Number("late"))
    assert a.hash() == before[a]
    assert all(made.hash() != before[made] for made in (b, c, d))
    middle = d.hash()
    a.set_params(n=5)
    assert d.hash() != middle


def test_an_input_change_reaches_descendants():
    a = Number("a")
    b = Number("b", n=[a])
    c = Number("c")(b)
    before = c.hash()
    a.set_params(n=1)
    assert c.hash() != before
    a.set_params(n=0, m=None)
    b.set_params(n=3)
    a.set_params(n=9)
    after = c.hash()
    a.set_params(n=10)
    assert c.hash() == after


def test_a_change_in_place_counts_when_somebody_asks():
    values = [1]
    a = Number("a", n=values)
    b = Number("b", m=[Number("c", n=values), values])(a)
    outside = Number("outside")(b)
    before = [made.hash() for made in (a, b, outside)]
    values.append(2)
    assert [made.key.rpartition("/")[2] for made in (a, b, outside)] == before
    assert outside.hash() != before[2]
    assert all(made.hash() != old for made, old in zip((a, b, outside), before, strict=True))
    assert a.hash() == Number("a", n=[1, 2]).hash()
    values.append(n for n in ())
    with pytest.raises(UnhashableParamError, match=r"param n\[2\]"):
        refresh_hashes(DAG([a]))


def test_a_plan_makes_descendants_outside_it_forget():
    values = [1]
    a = Number("a", n=values)
    planned, outside = Number("planned")(a), Number("outside")(a)
    before = outside.hash()
    values.append(2)
    refresh_hashes(DAG([planned]))
    assert outside.hash() == Number("outside")(Number("a", n=[1, 2])).hash() != before


def test_refreshing_an_unchanged_graph_changes_nothing():
    a = Number("a", n=1)
    b = Number("b", m=a)(a)
    before = b.hash()
    refresh_hashes(DAG([a]))
    assert b.hash() == before


def test_a_cycle_is_shown():
    a, b = Number("a"), Number("b")
    a(b(a))
    with pytest.raises(CycleError, match=r"Number\(a\) -> Number\(b\) -> Number\(a\)|b\) -> Number\(a\) -> "):
        b.hash()


def test_the_parts_are_builtins_and_say_what_counted():
    a = Number("a", n=1)
    b = Number("b", n=2, m=[a, 3, (a,), {"k": a}])([a, a])
    parts = b.key_parts()
    upstream = [a.name, a.hash()]
    assert (parts["task"], parts["tag"], parts["parents"]) == ("Number", "b", [upstream, upstream])
    assert parts["params"] == {"n": Number(n=2).key_parts()["params"]["n"]}
    assert parts["inputs"]["m"]["list"][0] == {"task": upstream}
    assert parts["inputs"]["m"]["list"][2] == {"tuple": [{"task": upstream}]}
    assert parts["values"] == {"n": "2"}
    assert set(parts["code"]) == {"digest", "root", "parts"}
    assert parts["code"]["root"] in parts["code"]["parts"]
    assert parts["code"]["digest"] == b.fingerprint().digest
    assert b.key_parts() == parts


def test_the_code_counts_and_is_read_once_for_each_task(module):
    source = """
        from pyperunner_dag import task
        @task("Job")
        def job():
            return {}
    """
    first = module("flow_hashing", source.format(1)).job()
    same = module("flow_hashing", source.format(1)).job()
    assert first.hash() == same.hash()
    other = module("flow_hashing_two", source.format(2)).job()
    assert first.hash() == module("flow_hashing", source.format(1)).job().hash()
    assert first.fingerprint() is first.fingerprint()
    assert first.fingerprint().digest != other.fingerprint().digest


SCRIPT = """
    import sys, datetime, enum
    from pyperunner_dag import DAG, task
    class Color(enum.Enum):
        RED = 1
    @task("Load")
    def load(path, options=None):
        return path
    @task("Join")
    def join(data, on=None):
        return data
    a = load("a", path="x", options={"s": {"p", "q", "r"}, "c": Color.RED, "d": datetime.date(2024, 1, 1), 1: (2.5,)})
    b = join("b", on=[a])([load("c", path=b"y"), a])
    print(b.hash(), load.__module__)
"""


def test_the_hash_is_the_same_in_every_process_hash_seed_and_directory(in_new_process, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    printed = {
        in_new_process(SCRIPT, PYTHONHASHSEED="1"),
        in_new_process(SCRIPT, PYTHONHASHSEED="2", cwd=tmp_path / "elsewhere"),
        in_new_process(SCRIPT, PYTHONHASHSEED="3", LC_ALL="C", TZ="Asia/Tokyo"),
    }
    assert len(printed) == 1
    assert printed.pop().split()[1] == "__main__"


def test_a_long_chain_and_a_high_ladder_hash_without_recursion():
    top = [Number(f"0-{index}") for index in range(2)]
    rung = top
    for level in range(1, 10_000):
        rung = [Number(f"{level}-{index}")(rung) for index in range(2)]
    first = rung[0].hash()
    top[0].set_params(n=1)
    assert rung[0].hash() != first
    refresh_hashes(DAG(top))
    assert rung[1].hash() != first


@st.composite
def edits(draw):
    """A small graph and a series of changes to it."""
    size = draw(st.integers(2, 7))
    index = st.integers(0, size - 1)
    change = st.one_of(
        st.tuples(st.just("param"), index, st.integers(0, 3)),
        st.tuples(st.just("connect"), index, index),
        st.tuples(st.just("input"), index, index),
        st.tuples(st.just("hash"), index, st.none()),
    )
    return size, draw(st.lists(change, max_size=15))


@settings(max_examples=40, deadline=None)
@given(edits())
def test_kept_hashes_equal_those_of_a_graph_made_afresh(case):
    size, changes = case

    def play(tasks, ask):
        for kind, index, value in changes:
            if kind == "param":
                tasks[index].set_params(n=value)
            elif kind == "hash":
                if ask:
                    tasks[index].hash()
            elif index > value:
                if kind == "connect":
                    tasks[index].connect(tasks[value])
                else:
                    tasks[index].set_params(m=[tasks[value], value])
        return [made.hash() for made in tasks]

    asked, fresh = ([Number(str(index)) for index in range(size)] for _ in range(2))
    assert play(asked, ask=True) == play(fresh, ask=False)
    before = [made.hash() for made in asked]
    refresh_hashes(DAG(asked))
    assert [made.hash() for made in asked] == before


def test_what_a_subclass_overrides_counts_though_run_is_inherited():
    def model(bias):
        class Base(Task):
            factor = 1

            def score(self, value):
                return value * self.factor

            @run
            def run(self, data):
                return self.score(len(data))

        class Model(Base):
            factor = 2

            def score(self, value):
                return super().score(value) + bias

        return Model

    assert model(1)().hash() == model(1)().hash()
    assert model(1)().hash() != model(2)().hash()


def test_the_environment_of_a_task_counts():
    plain = Number("a")
    before = plain.hash()
    assert Number("a").with_options(env={}).hash() == before
    one = Number("a").with_options(env={"A": "1", "B": "2"})
    assert one.hash() == Number("a").with_options(env={"B": "2", "A": "1"}).hash()
    child = Number("child")(one)
    hashes = [before, one.hash(), child.hash()]
    for env in ({"A": "1"}, {"A": "2", "B": "2"}, {"A": "12", "B": ""}):
        one.with_options(env=env)
        hashes += [one.hash(), child.hash()]
    assert len(set(hashes)) == len(hashes)
    assert one.key_parts()["env"] == {"A": "12", "B": ""}
    assert "env" not in plain.key_parts()


@given(st.dictionaries(st.sampled_from("ABC"), st.text("01", max_size=2)), st.lists(st.text("A01", max_size=2)))
def test_no_environment_looks_like_something_else(env, values):
    alike = [Number("a", n=env), Number("a", n=values), Number("a", m=env), Number("a").with_options(env=env)]
    assert len({made.hash() for made in alike}) == 4


def test_an_output_that_is_not_kept_has_a_key_of_its_run(memory_store):
    kept, dropped = Number("kept"), Number("dropped").with_options(cache=False)
    child = Number("child")([kept, dropped])
    own, hashes = dropped.key, [made.hash() for made in (kept, dropped, child)]
    keys = [made.key for made in (kept, dropped, child)]
    for made in (kept, dropped, child):
        made.scope_to("run 1")
    assert [made.hash() for made in (kept, dropped, child)] == hashes
    assert [made.key == key for made, key in zip((kept, dropped, child), keys, strict=True)] == [True, False, True]
    first = dropped.key
    name, _, digits = first.partition("/")
    assert (name, len(digits), int(digits, 16) > 0) == ("Number(dropped)", 32, True)
    dropped.bind(memory_store)
    dropped.store_output(5)
    assert (dropped.output_exists(), dropped.load_output(), dropped.output) == (True, 5, 5)
    dropped.scope_to("run 2")
    assert (dropped.output_exists(), dropped.output) == (False, None)
    assert len({own, first, dropped.key}) == 3
    dropped.scope_to("run 1")
    assert dropped.load_output() == 5
    dropped.scope_to("")
    assert dropped.key == own


def test_a_scoped_key_follows_the_hash():
    made = Number("a").with_options(cache=False)
    made.scope_to("run")
    before = made.key
    made.set_params(n=3)
    assert made.key != before
    made.with_options(cache=True)
    assert made.key == f"Number(a)/{made.hash()}"


@pytest.mark.parametrize(
    "change",
    [
        lambda params: params.update(n=2),
        lambda params: params.update(n=True),
        lambda params: params.update(n=[1]),
        lambda params: params.update(m=1),
        lambda params: params.update(m=params.pop("n")),
        lambda params: params.pop("n"),
    ],
)
def test_a_param_that_was_put_in_the_place_of_another_counts_from_the_next_plan_on(change):
    a = Number("a", n=1)
    b = Number("b")(a)
    before = b.hash()
    change(a.params)
    refresh_hashes(DAG([a]))
    fresh = Number("a", **a.params)
    assert (a.hash(), b.hash()) == (fresh.hash(), Number("b")(fresh).hash())
    assert b.hash() != before
    a.params.clear()
    a.params["n"] = 1
    refresh_hashes(DAG([a]))
    assert b.hash() == before


def test_params_that_had_files_or_inputs_can_become_plain_and_back():
    a = Number("a", n=[1], m=Number("c"))
    hashes = [a.hash()]
    for params in ({"n": 1, "m": 2}, {"n": [1], "m": Number("c")}, {"n": 1, "m": 2}):
        a.set_params(**params)
        hashes.append(a.hash())
        refresh_hashes(DAG([a]))
        assert a.hash() == hashes[-1] == Number("a", **params).hash()
        assert a.key_parts() == Number("a", **params).key_parts()
    assert hashes[0] == hashes[2] != hashes[1] == hashes[3]


def test_values_of_other_types_have_other_hashes_and_keep_theirs_in_a_file(module):
    numpy = pytest.importorskip("numpy")
    flow = module("flow_kinds", "from pyperunner_dag import task\n@task('Keep')\ndef keep(value):\n    return value\n")
    nan, big = float("nan"), 2**64
    values = [0, False, None, 0.0, -0.0, "0", b"0", "", (), [], {}, (0,), [0], {0}, {0: 0}, {"0": 0}, {(0,): 0}]
    values += [nan, [nan], float("inf"), big, -big, float(big), str(big), [big], {big: 0}]
    values += [
        numpy.int64(0),
        numpy.int32(0),
        numpy.float64(0.0),
        numpy.bool_(False),
        numpy.array(0),
        numpy.float64(nan),
    ]
    tasks = [flow.keep(str(index), value=value) for index, value in enumerate(values)]
    assert len({made.key_parts()["params"]["value"] for made in tasks}) == len(values)
    assert len({flow.keep(value=value).hash() for value in values}) == len(values)
    assert flow.keep(value=float("nan")).hash() == flow.keep(value=nan).hash()
    saved = yaml.safe_load(yaml.safe_dump(Pipeline("kinds", tasks).to_dict()))
    again = Pipeline.from_dict(saved).dag()
    for made in tasks:
        assert type(again[made.name].params["value"]) is type(made.params["value"])


def test_a_param_may_contain_itself():
    def loop(end):
        found = [1, end]
        found += [{"again": found}, found]
        return found

    assert Number("a", n=loop(1)).hash() == Number("a", n=loop(1)).hash() != Number("a", n=loop(2)).hash()
    saved = Pipeline("p", [Number("a", n=loop(1))]).to_dict()
    assert list(saved["tasks"]["Number(a)"]["params"]["n"]) == ["$opaque"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), max_size=4), min_size=1, max_size=12), st.booleans())
def test_a_hash_asked_for_alone_is_that_of_a_plan(edges, named):
    def build():
        tasks = []
        for index, above in enumerate(edges):
            parents = [tasks[number % index] for number in above] if index else []
            made = Number(str(index), m=[parents[0], 1]) if named and parents else Number(str(index))
            tasks.append(made(parents))
        return tasks

    alone, planned = build(), build()
    last = alone[-1].hash()
    refresh_hashes(DAG(planned))
    assert [made.hash() for made in alone] == [made.hash() for made in planned]
    assert last == planned[-1].hash()


def test_tasks_that_need_every_one_before_them():
    tasks = []
    for index in range(400):
        tasks.append(Number(str(index))(tasks))
    assert tasks[-1].hash() == Number("399")(tasks[:-1]).hash()
