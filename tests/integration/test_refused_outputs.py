"""A plan counts on no output that the store would refuse to load: what would be made anew is planned to be."""

from __future__ import annotations

import pytest

import pyperunner
from pyperunner_cache import open_store

URLS = ["{}/store", "sqlite:///{}/store.db"]


class Model:
    """Has no plain form, so that it is pickled."""

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return Model, (self.number,)


class Fit(pyperunner.Task):
    @pyperunner.run
    def run(self):
        return Model(1)


class Use(pyperunner.Task):
    @pyperunner.run
    def run(self, data):
        return data[0].number


@pytest.fixture
def plan(kit):
    """Plans the pipeline in a store, and runs it; returns what was to run, with the reasons."""

    def run(url, runs=True, **options):
        fit = Fit("a")
        Use("b")(fit)
        with open_store(url, **options) as store:
            runner = kit.runner(store, executor="inline")
            runner.set_pipeline(pyperunner.Pipeline("refused", [fit]))
            runner.queue_tasks()
            found = {name: decision.reason for name, decision in runner.plan.items() if decision.action == "run"}
            if runs:
                runner.run(pyperunner.Pipeline("refused", [fit]), raise_on_failure=True)
        return found

    return run


@pytest.mark.parametrize("url", URLS)
def test_a_pickle_that_others_may_have_written(plan, tmp_path, url):
    url = url.format(tmp_path)
    assert len(plan(url)) == 2
    assert plan(url) == {}
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.chmod(0o666)
    assert plan(url, shared=True) == {}
    assert "may come from somebody else" in plan(url, runs=False)["Fit(a)"]


@pytest.mark.parametrize("url", URLS)
def test_an_unsigned_output_in_a_signed_store(plan, tmp_path, url, monkeypatch):
    monkeypatch.setenv("STORE_KEY", "one secret, as long as it should be")
    url = url.format(tmp_path)
    plan(url)
    assert "not signed" in plan(url, signing_key="env:STORE_KEY")["Fit(a)"]
    assert plan(url, signing_key="env:STORE_KEY") == {}
