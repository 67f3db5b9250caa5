"""Options in saved pipelines."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyperunner_dag import (
    HashMismatchError,
    ModuleRefusedError,
    OpaqueValueError,
    Options,
    Pipeline,
    PipelineFileError,
)
from pyperunner_dag.options import CODE_FIELDS
from pyperunner_text.yaml.reader import read_yaml
from pyperunner_text.yaml.writer import to_yaml

SOURCE = """
    from pyperunner_dag import Options, Task, run, task

    class Transient(Exception):
        pass

    def plugin():
        return 1

    @task("Load", timeout=5)
    def load():
        return 1

    class Scale(Task):
        options = Options(env={"A": "1"})

        @run
        def run(self, data):
            return data
"""


@pytest.fixture
def flow(module):
    return module("flow_options", SOURCE)


def again(pipeline, **how):
    return Pipeline.from_dict(yaml.safe_load(yaml.safe_dump(pipeline.to_dict())), **how)


def test_those_of_an_instance_come_back(flow):
    made = flow.load("a").with_options(
        timeout=None,
        retries=2,
        backoff=0.5,
        retry_on=[OSError, flow.Transient, "Timeout"],
        memory_limit="1 GiB",
        resources={"gpu": 1},
        threads=2,
        priority=-1,
        env={"B": "2"},
        cache=False,
        code="own",
        version="7",
        ignore=["x"],
        depends=[flow.plugin, (1, 2)],
        packages="version",
        strict=True,
    )
    pipeline = Pipeline("p", [made])
    assert again(pipeline).dag()["Load(a)"].options == made.options
    assert again(pipeline, modules=["flow_options"]).dag()["Load(a)"].options == made.options
    assert again(again(pipeline)).to_dict() == pipeline.to_dict()
    json.dumps(pipeline.to_dict())


def test_those_of_the_class_come_from_the_class(flow):
    plain, changed = flow.Scale("a"), flow.Scale("b").with_options(priority=2)
    saved = Pipeline("p", [plain, changed]).to_dict()
    assert "options" not in saved["tasks"]["Scale(a)"]
    assert saved["tasks"]["Scale(b)"]["options"] == {"priority": 2}
    flow.Scale.options = Options(env={"A": "1"}, timeout=3)
    assert Pipeline.from_dict(saved).dag()["Scale(b)"].options == Options(env={"A": "1"}, timeout=3, priority=2)


def test_what_is_said_again_is_kept_although_the_class_says_the_same(flow):
    saved = Pipeline("p", [flow.load().with_options(timeout=5)]).to_dict()
    assert saved["tasks"]["Load()"]["options"] == {"timeout": 5.0}


def test_a_pipeline_of_plain_tasks_is_saved_as_ever(flow):
    saved = Pipeline("p", [flow.load()]).to_dict()
    assert saved["pipeline"] == {"name": "p"}
    assert set(saved["tasks"]["Load()"]) == {"name", "module", "tag", "params", "hash", "parents"}
    assert set(saved["keys"]["Load()"]) == {"params", "values", "code"}


def test_those_of_the_pipeline_come_back_with_the_runners(flow):
    pipeline = Pipeline("p", [flow.load()], code="own", ignore=["x"])
    saved = pipeline.to_dict(Options(code="deep", packages="version", depends=[flow.plugin]))
    restored = Pipeline.from_dict(saved)
    assert restored.options == Options(code="own", ignore=["x"], packages="version", depends=[flow.plugin])
    assert restored.to_dict() == saved


def test_a_restored_task_has_the_saved_hash_although_hashes_were_not_compared(flow):
    saved = Pipeline("p", [flow.load()], code="off").to_dict()
    restored = Pipeline.from_dict(saved, compare_hashes=False)
    assert restored.dag()["Load()"].hash() == saved["tasks"]["Load()"]["hash"]


def test_an_edited_option_that_counts_is_noticed(flow):
    saved = Pipeline("p", [flow.Scale("a"), flow.load("b").with_options(version="1")]).to_dict()
    saved["tasks"]["Load(b)"]["options"]["version"] = "2"
    with pytest.raises(HashMismatchError, match=r"Load\(b\): option version: 1 → 2"):
        Pipeline.from_dict(saved)
    flow.Scale.options = Options(env={"A": "2", "B": "1"})
    with pytest.raises(HashMismatchError, match=r"Scale\(a\): env A: 1 → 2; env B: none → 1"):
        Pipeline.from_dict(saved)


def test_what_yaml_cannot_hold_is_refused_by_name(flow):
    made = Pipeline("p", [flow.load("a").with_options(depends=[lambda: 1])]).to_dict()
    with pytest.raises(OpaqueValueError, match=r"task Load\(a\): option depends is a .*function"):
        Pipeline.from_dict(made)

    class Local(Exception):
        pass

    made = Pipeline("p", [flow.load("a").with_options(retry_on=[Local])]).to_dict()
    with pytest.raises(OpaqueValueError, match=r"task Load\(a\): option retry_on is a"):
        Pipeline.from_dict(made)
    made = Pipeline("p", [flow.load("a").with_options(depends=[iter([1])])]).to_dict()
    with pytest.raises(OpaqueValueError, match=r"option depends is a builtins\.list_iterator"):
        Pipeline.from_dict(made)


def test_classes_of_modules_that_are_not_allowed_are_not_imported(flow):
    saved = Pipeline("p", [flow.load().with_options(retry_on=[OSError])]).to_dict()
    assert saved["tasks"]["Load()"]["options"] == {"retry_on": [{"$class": "builtins:OSError"}]}
    saved["tasks"]["Load()"]["options"]["retry_on"] = [{"$class": "subprocess:SubprocessError"}]
    with pytest.raises(ModuleRefusedError, match="subprocess"):
        Pipeline.from_dict(saved, modules=["flow_options"])
    saved["tasks"]["Load()"]["options"]["retry_on"] = [{"$function": "builtins:eval"}]
    with pytest.raises(ModuleRefusedError, match="builtins"):
        Pipeline.from_dict(saved, modules=["flow_options"])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["timeout"], "task Load\\(\\): options must be a mapping"),
        ({"timeout": -1}, "task Load\\(\\): option timeout: it takes seconds"),
        ({"timout": 1}, "task Load\\(\\): option timout: there is no such option; did you mean timeout"),
        ({"env": {"$odd": 1}}, "task Load\\(\\): option env: it is marked"),
        ({1: 2}, "task Load\\(\\): options must be a mapping of names"),
    ],
)
def test_bad_options_are_refused_with_their_place(flow, options, problem):
    saved = Pipeline("p", [flow.load()]).to_dict()
    saved["tasks"]["Load()"]["options"] = options
    with pytest.raises(PipelineFileError, match=f"^{problem}"):
        Pipeline.from_dict(saved)
    del saved["tasks"]["Load()"]["options"]
    saved["pipeline"]["options"] = options
    with pytest.raises(PipelineFileError, match=r"^pipeline p: option"):
        Pipeline.from_dict(saved)


PLAIN = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=5)
NAMES = st.text("abc.*", min_size=1, max_size=5)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "timeout": st.none() | st.floats(1e-9, 1e9),
        "retries": st.integers(0, 99),
        "backoff": st.floats(0, 1e9),
        "retry_on": st.lists(st.sampled_from([OSError, KeyError, "Transient"])),
        "memory_limit": st.none() | st.integers(1, 2**70),
        "resources": st.dictionaries(PLAIN.filter(bool), st.floats(1e-9, 1e9), max_size=3),
        "threads": st.none() | st.integers(1, 999),
        "priority": st.integers(),
        "env": st.dictionaries(PLAIN.filter(lambda name: name and "=" not in name), PLAIN, max_size=3),
        "cache": st.booleans(),
        "code": st.sampled_from([None, "deep", "own", "off"]),
        "version": st.none() | PLAIN,
        "ignore": st.lists(NAMES),
        "depends": st.lists(st.integers() | st.tuples(st.integers()) | st.none(), max_size=3),
        "packages": st.sampled_from([None, "none"]),
        "strict": st.none() | st.booleans(),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPTIONS, OPTIONS)
def test_any_options_come_back_and_give_the_same_keys(flow, task_options, pipeline_options):
    made = flow.load("a").with_options(**task_options)
    code = {name: value for name, value in pipeline_options.items() if name in CODE_FIELDS}
    pipeline = Pipeline("p", [made], **code)
    saved = pipeline.to_dict()
    restored = Pipeline.from_dict(read_yaml(to_yaml(saved), "saved"))
    assert restored.dag()["Load(a)"].options == made.options
    assert restored.options == pipeline.options
    assert restored.to_dict() == saved
