"""What of the code counts, by options of the task, the pipeline and the runner."""

from __future__ import annotations

import pytest

from pyperunner_dag import DAG, CodeGapError, Options, Pipeline, TaskError, refresh_hashes

SOURCE = """
    from pyperunner_dag import Task, run, task

    def clean(x):
        return x + {helper}

    @task("Job"{options})
    def job():
        return clean({own})

    class Kind(Task):
        def score(self):
            return {helper}

        @run
        def run(self):
            return self.score() + {own}

    class Derived(Kind):
        def score(self):
            return {helper} + 1

    @task("Dynamic"{options})
    def dynamic(name):
        return globals()[name]

    def plugin():
        return {own}
"""


@pytest.fixture
def flow(module):
    def make(helper=1, own=1, options=""):
        return module("flow_code", SOURCE.format(helper=helper, own=own, options=options))

    return make


def hashes(flow, make, **changes):
    """Return the hashes of what ``make`` makes of a module: as it is, with another helper, with another body."""
    return [make(flow(**edit)).with_options(**changes).hash() for edit in ({}, {"helper": 2}, {"own": 2})]


@pytest.mark.parametrize("make", [lambda f: f.job(), lambda f: f.Kind(), lambda f: f.Derived()])
def test_how_far_the_code_is_followed(flow, make):
    assert len(set(hashes(flow, make))) == 3
    assert hashes(flow, make, code="deep") == hashes(flow, make)
    before, helper, own = hashes(flow, make, code="own")
    assert before == helper != own
    assert len(set(hashes(flow, make, code="off"))) == 1
    assert len({hashes(flow, make, code=code)[0] for code in ("deep", "own", "off")}) == 3


def test_names_can_be_left_out(flow):
    before, helper, own = hashes(flow, lambda f: f.job(), ignore=["clean"])
    assert before == helper != own
    before, helper, own = hashes(flow, lambda f: f.job(), ignore="flow_code.cl*")
    assert before == helper != own


def test_a_version_counts_as_it_is(flow):
    job = flow().job()
    plain = job.hash()
    one = job.with_options(version="1").hash()
    two = job.with_options(version="2").hash()
    assert len({plain, one, two}) == 3
    assert job.with_options(version=None).hash() == plain
    assert (
        job.with_options(code="off", version="2").hash()
        == flow(helper=5, own=5, options=", version='2'").job().with_options(code="off").hash()
    )


def test_what_it_depends_on_counts_too(flow):
    def depending(own):
        made = flow(own=1).job()
        return made.with_options(depends=[flow(own=own).plugin, own]).hash()

    assert depending(1) == depending(1)
    assert len({depending(1), depending(2), flow().job().hash()}) == 3


def test_versions_of_packages_count_where_it_is_said(module):
    def job(options=""):
        source = f"""
            import yaml
            from pyperunner_dag import task
            @task("Job"{options})
            def job():
                return yaml.safe_load("1")
        """
        return module("flow_packages", source).job()

    assert job().hash() == job(", packages='none'").hash() != job(", packages='version'").hash()
    assert "PyYAML" in job(", packages='version'").key_parts()["packages"]
    assert "packages" not in job().key_parts()


def test_strict_makes_a_gap_an_error_that_names_task_and_gap(flow):
    made = flow().dynamic("a", name="x")
    assert made.hash() == flow(options=", strict=False").dynamic("a", name="x").hash()
    made.with_options(strict=True)
    with pytest.raises(CodeGapError, match=r"task Dynamic \(tag 'a'\): .*\n  .*globals") as caught:
        made.hash()
    assert isinstance(caught.value, TaskError)
    assert made.fingerprint().gaps
    assert flow(options=", strict=True").job().hash() == flow().job().hash()


def test_the_task_goes_before_the_pipeline_and_that_before_the_runner(flow):
    f = flow()
    own, plain = f.job("own").with_options(code="own"), f.job("plain")
    pipeline = Pipeline("p", [own, plain], code="off", version="3")
    runner = Options(code="deep", version="9", packages="version")
    saved = pipeline.to_dict(runner)
    same = {"version": "3", "packages": "version"}
    assert saved["tasks"][own.name]["hash"] == own.hash() == f.job("own").with_options(code="own", **same).hash()
    assert plain.hash() == f.job("plain").with_options(code="off", **same).hash()
    assert plain.key_parts()["options"] == {"code": "off", "version": "3", "packages": "version"}
    assert saved["pipeline"]["options"] == {"code": "off", "version": "3", "packages": "version"}


def test_an_option_of_the_class_goes_before_the_pipeline(flow):
    job = flow(options=", code='own'").job()
    Pipeline("p", [job], code="off").to_dict()
    assert job.hash() == flow().job().with_options(code="own").hash()


def test_defaults_stay_until_the_tasks_are_hashed_with_others(flow):
    f = flow()
    job = f.job()
    child = f.Kind()(job)
    before = child.hash()
    refresh_hashes(DAG([job]), Options(code="off"))
    bound = child.hash()
    assert bound != before
    assert job.hash() == f.job().with_options(code="off").hash()
    refresh_hashes(DAG([job]))
    assert child.hash() == bound
    refresh_hashes(DAG([job]), Options(code="off"))
    assert child.hash() == bound
    refresh_hashes(DAG([job]), Options())
    assert child.hash() == before
    assert Pipeline("q", [job]).to_dict()["tasks"]["Kind()"]["hash"] == before


def test_saving_for_a_runner_with_other_defaults_forgets_descendants_too(flow):
    job = flow().job()
    outside = flow().Kind()
    pipeline = Pipeline("p", [job])
    pipeline.to_dict()
    outside(job)
    before = outside.hash()
    pipeline.to_dict(Options(code="off"))
    assert outside.hash() != before


def test_tasks_with_equal_options_share_what_was_read(flow):
    f = flow()
    tasks = [f.job(str(index)).with_options(code="own", ignore=["x"], timeout=index + 1) for index in range(3)]
    Pipeline("p", tasks).to_dict()
    assert len({id(made.fingerprint()) for made in tasks}) == 1


def test_tasks_of_one_class_with_other_options_do_not_share(flow):
    f = flow()
    changes = [{}, {"ignore": ["clean"]}, {"depends": [f.plugin]}, {"depends": [1]}, {"version": "1"}, {"code": "own"}]
    tasks = [f.job().with_options(**change) for change in changes]
    alone = [made.fingerprint().digest for made in tasks]
    together = [f.job(str(index)).with_options(**change) for index, change in enumerate(changes)]
    Pipeline("p", together).to_dict()
    assert [made.fingerprint().digest for made in together] == alone
    assert len({*alone}) == len(changes)


def test_options_that_do_not_count_change_no_key(flow):
    plain = flow().job()
    full = flow(options=", timeout=5, retries=2, backoff=1, retry_on=[OSError], memory_limit='1 GiB', threads=3").job()
    full.with_options(resources={"gpu": 1}, priority=3, cache=False, strict=True)
    assert full.hash() == plain.hash()
    assert full.key_parts() == plain.key_parts()


def test_a_pipeline_has_options_of_code_only():
    with pytest.raises(TaskError, match=r"^pipeline p: option timeout: it is an option of a task; .*code, version"):
        Pipeline("p", timeout=3)
    with pytest.raises(TaskError, match=r"^pipeline p: option codes: .*did you mean code\?"):
        Pipeline("p", codes="deep")
    with pytest.raises(TaskError, match=r"^pipeline p: option code: it takes 'deep'"):
        Pipeline("p", code="x")
    assert Pipeline("p", code="own").options == Options(code="own")
