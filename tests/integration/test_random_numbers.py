"""Random numbers of tasks: the same in every run and on every executor; a program may seed them itself."""

from __future__ import annotations

import json
import random
import textwrap

import pytest

from pyperunner import Pipeline, Runner, task
from pyperunner_dag import Options
from pyperunner_runner.executors.pool import PoolExecutor

np = pytest.importorskip("numpy")

WAYS = {
    "fork": {"start_method": "fork"},
    "forkserver": {"start_method": "forkserver"},
    "spawn": {"start_method": "spawn"},
    "pool": {"executor": PoolExecutor},
    "inline": {"executor": "inline"},
}

FLOW = """
    import json, random, sys
    from pyperunner import Pipeline, Runner, task
    from pyperunner_runner.executors.pool import PoolExecutor

    {first}

    @task("Draw")
    def draw(n):
        import numpy.random
        return [random.random(), float(numpy.random.normal())]

    if __name__ == "__main__":
        tasks = [draw(str(n), n=n) for n in range(3)]
        runner = Runner("store" + sys.argv[1], "logs", **{options})
        runner.run(Pipeline("p", tasks), raise_on_failure=True)
        print(json.dumps([[task.output for task in tasks], sum(task.status.name == "SUCCESS" for task in tasks)]))
"""
OPTIONS = {
    "fork": "{}",
    "spawn": "dict(start_method='spawn')",
    "pool": "dict(executor=PoolExecutor)",
    "inline": "dict(executor='inline')",
}


def drawn(project, way, first="", store="0"):
    """Return what three tasks draw in a fresh process, and how many of them ran."""
    project.write("flow.py", textwrap.dedent(FLOW).format(first=first, options=OPTIONS[way]))
    return json.loads(project.python("flow.py", store))


@task("Draw")
def draw(n):
    return [random.random(), float(np.random.normal())]


@pytest.mark.parametrize("way", OPTIONS)
def test_every_task_draws_its_own_numbers_and_the_same_ones_everywhere(project, way):
    """The library is loaded during the task, and before it; nothing runs again."""
    values, ran = drawn(project, way)
    assert len({number for pair in values for number in pair}) == 6
    assert ran == 3
    assert drawn(project, "inline", first="import numpy.random", store="another")[0] == values


def test_a_program_that_seeds_keeps_deciding(project):
    first = "import numpy; random.seed({0}); numpy.random.seed({0}); numpy.random.normal(size=500)"
    one, other, plain = (drawn(project, "fork", first.format(seed) if seed else "") for seed in (1, 2, 0))
    assert len({json.dumps(each[0]) for each in (one, other, plain)}) == 3
    assert drawn(project, "fork", first.format(1)) == [one[0], 0]
    assert drawn(project, "spawn", first.format(1), store="another")[0] == one[0]


@pytest.mark.parametrize("way", ["fork", "pool", "inline"])
def test_the_seed_does_not_depend_on_code_or_upstream(tmp_path, way):
    @task("Draw", receives_input=True)
    def other(data, n):
        """Draws after something that was refactored."""
        return [random.random(), float(np.random.normal())]

    @task("First")
    def first(n):
        random.random()
        return n

    plain, later = draw("x", n=1), other("x", n=2)(first(n=1))
    for number, root in enumerate((plain, later)):
        pipeline = Pipeline("p", [root])
        Runner(tmp_path / f"d{number}", tmp_path / "l", **WAYS[way]).run(pipeline, raise_on_failure=True)
    assert plain.output == later.output


def test_inline_puts_the_state_back(tmp_path):
    states = random.getstate(), np.random.get_state(legacy=False)
    Runner(tmp_path / "d", tmp_path / "l", executor="inline").run(Pipeline("p", [draw(n=1)]), raise_on_failure=True)
    assert random.getstate() == states[0]
    assert (np.random.get_state(legacy=False)["state"]["key"] == states[1]["state"]["key"]).all()


def flaky(n, folder):
    import os

    with open(os.path.join(folder, "drawn"), "a") as file:
        file.write(f"{random.random()}\n")
    with open(os.path.join(folder, "drawn")) as file:
        if len(file.readlines()) < 3:
            raise OSError("not yet")


@pytest.mark.parametrize(("seed", "different"), [("task", 1), ("attempt", 3), (7, 1)])
def test_retries_repeat_the_draws_unless_each_attempt_has_its_seed(tmp_path, seed, different):
    made = task("Flaky", retries=2, backoff=0, seed=seed)(flaky)(n=1, folder=str(tmp_path))
    Runner(tmp_path / "d", tmp_path / "l").run(Pipeline("p", [made]), raise_on_failure=True)
    lines = (tmp_path / "drawn").read_text().split()
    assert len(lines) == 3
    assert len(set(lines)) == different


@pytest.mark.parametrize("way", ["fork", "spawn", "inline"])
def test_a_number_is_given_to_every_library_as_it_is(tmp_path, way):
    made = draw(n=1).with_options(seed=7)
    Runner(tmp_path / "d", tmp_path / "l", **WAYS[way]).run(Pipeline("p", [made]), raise_on_failure=True)
    assert made.output == [random.Random(7).random(), float(np.random.RandomState(7).normal())]


def test_none_leaves_all_alone(tmp_path):
    before = random.getstate(), np.random.get_state()
    expected = [random.random(), float(np.random.normal())]
    random.setstate(before[0])
    np.random.set_state(before[1])
    made = draw(n=1).with_options(seed=None)
    Runner(tmp_path / "d", tmp_path / "l", executor="inline").run(Pipeline("p", [made]), raise_on_failure=True)
    assert made.output == expected


def test_the_option_counts_in_the_key_only_where_it_is_given():
    plain = draw(n=1).hash()
    assert draw(n=1).with_options(seed="task").hash() == plain
    hashes = {draw(n=1).with_options(seed=seed).hash() for seed in ("attempt", 7, 8, None)}
    assert len(hashes | {plain}) == 5


def test_a_seed_of_the_program_counts_at_the_next_plan(tmp_path):
    state = random.getstate()
    runner, made, asked = Runner(tmp_path / "d", tmp_path / "l"), draw("x", n=1), draw("y", n=1).with_options(seed=7)
    pipeline = Pipeline("p", [made, asked])
    try:
        outputs = []
        for seed in (1, 2, 1):
            random.seed(seed)
            runner.run(pipeline, raise_on_failure=True)
            outputs.append((made.output, asked.output))
            [random.random() for _ in range(5000)]  # what the program draws counts for nothing
            runner.run(pipeline)
            assert made.status.name == "SKIPPED"
    finally:
        random.setstate(state)
    assert outputs[0] == outputs[2]
    assert outputs[0][0] != outputs[1][0]
    assert outputs[0][1] == outputs[1][1]


def test_what_is_said_of_the_seeds_when_they_differ():
    one = draw(n=1).with_options(seed=1)
    other = draw(n=1).with_options(seed=2)
    from pyperunner_dag import differences

    assert [str(each) for each in differences(one.identity.parts(one), other.identity.parts(other))] == [
        "option seed: 1 → 2"
    ]


@pytest.mark.parametrize("seed", [-1, 1 << 32, 1.5, True, "tasks", [1]])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(ValueError, match="seed"):
        Options(seed=seed)
