from __future__ import annotations

import os
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner
from pyperunner_runner.remote import RemoteExecutor, WorkersUnfit
from pyperunner_runner.remote.devices import Devices, devices_in, lacking_devices, variables
from pyperunner_runner.testing import LocalWorkers


@task("Meet")
def meet(folder, me, all_of_us):
    """Wait until all are there, so that they run at one time."""
    Path(folder, me).touch()
    deadline = time.monotonic() + 30
    while not all(Path(folder, each).exists() for each in all_of_us):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def see(tmp_path, asked, *, own, count=2, on_worker="process", env=None):
    """Return what tasks that run at one time see, each of which asks for so many devices."""
    workers = LocalWorkers({"w1": 4}, resources={"w1": {"gpu": count}}, environment={"CUDA_VISIBLE_DEVICES": own})

    def new_executor(session):
        return RemoteExecutor(session, workers, executor=on_worker)

    new_executor.places_resources = True
    (tmp_path / "met").mkdir()
    us = [str(number) for number in range(len(asked))]
    tasks = [
        meet(me, folder=str(tmp_path / "met"), me=me, all_of_us=us).with_options(
            resources={"gpu": n} if n else {}, env=env or {}
        )
        for me, n in zip(us, asked, strict=True)
    ]
    Runner(tmp_path / "data", tmp_path / "log", executor=new_executor).run(Pipeline("p", tasks), raise_on_failure=True)
    return [each.output for each in tasks]


@pytest.mark.parametrize("on_worker", ["process", pytest.param("pool", marks=pytest.mark.long)])
def test_tasks_at_one_time_see_devices_of_their_own(tmp_path, on_worker):
    assert sorted(see(tmp_path, [1, 1, 0], own="4,GPU-7", on_worker=on_worker)) == ["4", "4,GPU-7", "GPU-7"]


@pytest.mark.long
def test_parts_share_a_device_and_whole_ones_do_not(tmp_path):
    first, second, whole = see(tmp_path, [0.5, 0.5, 1], own="2,3,4")
    assert first == second != whole
    assert {first, whole} == {"2", "3"}


@pytest.mark.long
def test_what_a_task_sets_itself_goes_before(tmp_path):
    assert see(tmp_path, [1], own="4,7", env={"CUDA_VISIBLE_DEVICES": "none"}) == ["none"]


@pytest.mark.long
def test_a_worker_that_counts_more_than_it_sees_is_said(tmp_path):
    with pytest.raises(WorkersUnfit, match=r"gpu=3, and its CUDA_VISIBLE_DEVICES \(0,1\) names 2.*--resources \"gpu=2"):
        see(tmp_path, [1], own="0,1", count=3)


def test_names_are_the_workers_own():
    assert variables([0, 1], {}) == {"CUDA_VISIBLE_DEVICES": "0,1"}
    assert variables([1], {"CUDA_VISIBLE_DEVICES": "5, MIG-a/1"}) == {"CUDA_VISIBLE_DEVICES": "MIG-a/1"}
    assert variables([], {"CUDA_VISIBLE_DEVICES": "5"}) == {}


@pytest.mark.parametrize("visible", ["", "-1,0", "NoDevFiles"])
def test_none_are_visible(visible):
    (problem,) = lacking_devices({"GPU": 1}, {"CUDA_VISIBLE_DEVICES": visible})
    assert f"({visible}) names 0" in problem
    assert not lacking_devices({"memory": 1}, {"CUDA_VISIBLE_DEVICES": visible})


AMOUNTS = st.sampled_from([0, 0.1, 0.3, 0.5, 0.7, 1, 1.5, 2, 3])


@given(st.sampled_from([0, 0.5, 1, 2, 2.5, 4]), st.lists(st.tuples(AMOUNTS, st.booleans()), max_size=20))
def test_no_device_is_given_twice(count, steps):
    """Whatever comes and goes: nothing is given that is not there, and a whole one is one job's alone."""
    devices, held = Devices(devices_in({"gpu": count})), {}
    for number, (amount, goes) in enumerate(steps):
        asked = devices_in({"gpu": amount})
        if devices.fits(asked):
            held[str(number)] = asked, devices.take(str(number), asked)
        elif not held:
            assert asked > count, "all is free again"
        if goes and held:
            job = next(iter(held))
            devices.release(job)
            del held[job]
        load = {}
        for asked, places in held.values():
            assert len(places) == -(-asked // 1)
            for place in places[: int(asked)]:
                load[place] = load.get(place, Fraction(0)) + 1
            for place in places[int(asked) :]:
                load[place] = load.get(place, Fraction(0)) + asked % 1
        assert all(share <= 1 for share in load.values())
        assert sum(load.values()) <= count
