from __future__ import annotations

import pytest

from pyperunner_results import NotARun, PipelineResult, RunFolder, diff
from pyperunner_results.comparing.comparison import environment_of

OLD, NEW = "def clean(x):\n    return x\n", "def clean(x):\n    return x + 1\n"


@pytest.fixture
def make_run(tmp_path, make_conf, json_folder):
    """Records a run; ``facts`` are those of each task's end, ``outputs`` go into a store of its own."""

    def make(tasks, facts=None, outputs=None, env=None, sources=None, store="data"):
        folder = RunFolder.create(tmp_path / "log", "demo")
        conf = make_conf(tasks, env=env)
        folder.write_pipeline(conf)
        for digest, text in (sources or {}).items():
            folder.event("code_part", name="flow.clean", digest=digest, source=text)
        for task, given in (facts or {}).items():
            folder.event("task_finished", **{"task": task, "attempt": 1, "status": "SUCCESS", **given})
        folder.finish()
        folder.close()
        reader = json_folder(tmp_path / store)
        for task, output in (outputs or {}).items():
            reader.save(f"{task}/{conf['tasks'][task]['hash']}", output)
        return PipelineResult.from_file(folder.path, reader)

    return make


def test_a_run_differs_in_nothing_from_itself(make_run):
    run = make_run({"A()": ({"n": 1}, [])}, {"A()": {"digest": "x"}})
    same = diff(run, run)
    assert same.same
    assert str(same).endswith("1 of 1 tasks that both runs have are alike")


def test_tasks_params_and_parents(make_run):
    one = make_run({"A()": ({"n": 1, "old": 0}, []), "B()": ({}, ["A()"]), "Gone()": ({}, [])})
    two = make_run({"A()": ({"n": 2, "new": None}, []), "B()": ({}, []), "New()": ({}, [])})
    found = diff(one, two, outputs=False)
    assert (found.added, found.removed) == (("New()",), ("Gone()",))
    assert dict(found.tasks["A()"].params) == {"n": (1, 2), "old": (0, None), "new": (None, None)}
    assert found.tasks["B()"].parents == (["A()"], [])
    assert not found.same
    text = str(found)
    for line in ("+ New(): only in the second run", "- Gone(): only in the first run", "A():", "  param n: 1 → 2"):
        assert line in text.splitlines()


def test_code_by_part_with_its_text(make_run):
    def parts(**digests):
        return {"A()": {"parts": {"code": {"digest": "d", "parts": digests}}}}

    tasks = {"A()": ({}, [])}
    one = make_run(tasks, parts(clean="1", gone="3", same="4"), sources={"1": OLD})
    two = make_run(tasks, parts(clean="2", new="5", same="4"), sources={"2": NEW})
    clean, gone, new = diff(one, two, outputs=False).tasks["A()"].code
    assert (clean.name, clean.kind) == ("clean", "changed")
    assert clean.text.splitlines()[-2:] == ["-    return x", "+    return x + 1"]
    assert (gone.kind, gone.text, new.kind) == ("removed", "", "added")
    assert "      +    return x + 1" in str(diff(one, two, outputs=False)).splitlines()


def test_of_tasks_that_were_not_executed_the_digests_tell(make_run):
    def run(params, code):
        results = make_run({"A()": ({"frame": {"$frame": "shown alike"}}, [])})
        results.conf["keys"]["A()"] = {"params": {"frame": params}, "code": code}
        return results

    found = diff(run("p1", "c1"), run("p2", "c2"), outputs=False).tasks["A()"]
    assert list(found.params) == ["frame"]
    assert [(part.name, part.kind) for part in found.code] == [("of the task", "changed")]
    assert diff(run("p1", "c1"), run("p1", "c1"), outputs=False).same


def test_outputs_by_digest_by_key_and_by_value(make_run):
    tasks = {name: ({}, []) for name in ("Same()", "Digest()", "Value()", "Equal()", "Gone()")}
    digests = {"Same()": {"digest": "1"}, "Digest()": {"digest": "2"}, "Gone()": {"digest": "3"}}
    one = make_run(tasks, digests, {"Digest()": {"score": 1}, "Value()": [1], "Equal()": 5}, store="one")
    digests |= {"Digest()": {"digest": "9"}, "Gone()": {"digest": "8"}}
    two = make_run(tasks, digests, {"Digest()": {"score": 2}, "Value()": [2], "Equal()": 5}, store="two")
    found = diff(one, two).tasks
    assert found["Same()"].output == "same"
    assert (found["Digest()"].output, found["Digest()"].output_lines) == ("different", ("['score']: 1 → 2",))
    assert (found["Value()"].output, found["Equal()"].output) == ("different", "same")
    assert found["Gone()"].output == "different"
    assert "is not in the store" in found["Gone()"].output_lines[0]
    assert diff(one, two, outputs=False).tasks["Digest()"].output_lines == ()


def test_one_entry_of_one_store_is_the_same_output_unread(make_run):
    run = make_run({"A()": ({}, [])})
    assert diff(run, run).tasks["A()"].output == "same"


def test_outputs_of_other_keys_are_compared_by_value(make_run):
    one = make_run({"A()": ({}, []), "B()": ({}, [])}, outputs={"A()": [1], "B()": 7}, store="one")
    two = make_run({"X()": ({}, []), "A()": ({}, []), "B()": ({}, [])}, outputs={"A()": [2], "B()": 7}, store="two")
    found = diff(one, two).tasks
    assert (found["A()"].output, found["A()"].output_lines) == ("different", ("[0]: 1 → 2",))
    assert found["B()"].output == "same"
    assert diff(one, two, outputs=False).tasks["A()"].output == "unknown"


def test_environment_packages_sources_and_git(make_run):
    def env(version, digest, commit):
        return {
            "base_dir": "/x", "mainfile": "flow.py",
            "dependencies": [{"name": "pandas", "version": version}, {"name": "same", "version": "1"}],
            "sources": [{"filename": "flow.py", "hash": digest}],
            "repositories": [{"url": None, "commit": commit, "dirty": False}],
        }  # fmt: skip

    tasks = {"A()": ({}, [])}
    found = diff(make_run(tasks, env=env("2.1", "a" * 64, "c1")), make_run(tasks, env=env("2.2", "b" * 64, "c2")))
    assert found.packages == {"pandas": ("2.1", "2.2")}
    assert found.sources == {"flow.py": ("a" * 64, "b" * 64)}
    assert found.environment == {"git commit": ("c1", "c2")}
    assert "  pandas: 2.1 → 2.2" in str(found).splitlines()


def test_times_memory_and_outcome(make_run):
    tasks = {"A()": ({}, []), "B()": ({}, [])}
    one = make_run(tasks, {"A()": {"wall": 1.0, "max_rss": 100 << 20}, "B()": {"wall": 1.0}})
    two = make_run(tasks, {"A()": {"wall": 2.0, "max_rss": 300 << 20, "status": "FAILURE"}, "B()": {"wall": 1.05}})
    assert diff(one, two).tasks["A()"].output_lines == ()
    found = diff(one, two, outputs=False)
    assert found.tasks["A()"].wall == (1.0, 2.0)
    assert found.tasks["A()"].status == ("SUCCESS", "FAILURE")
    lines = str(found).splitlines()
    assert "  time: 1.00 s → 2.00 s" in lines
    assert "  memory: 100 MiB → 300 MiB" in lines
    assert "B():" not in lines


def test_memory_of_its_own_is_not_compared_with_memory_that_is_shared(make_run):
    tasks, shared = {"A()": ({}, [])}, {"max_rss": 100 << 20}
    before, now = make_run(tasks, {"A()": {**shared, "uss_peak": 3 << 20}}), make_run(tasks, {"A()": shared})
    assert diff(before, now).tasks["A()"].memory_peak == (100 << 20, 100 << 20)


def test_no_text_carries_escapes(make_run):
    one = make_run({"A(\x1b[31m\n)": ({"p\x1b": "\x1b[0m"}, [])})
    text = str(diff(one, make_run({"A(\x1b[31m\n)": ({"p\x1b": "x\ny"}, [])}), outputs=False))
    assert "\x1b" not in text
    assert any(line.startswith(r"A(\x1b[31m\n):") for line in text.splitlines())


def test_folders_are_runs_too_and_nonsense_is_not(make_run, tmp_path):
    run = make_run({"A()": ({}, [])})
    assert diff(run.run_folder, run, outputs=False).before == run.label
    with pytest.raises(NotARun):
        diff(run, tmp_path / "none")


def test_what_was_found_stored_is_what_was_made(make_run):
    made = make_run({"A()": ({"n": 1}, [])}, {"A()": {"digest": "x"}})
    found = make_run({"A()": ({"n": 1}, [])}, {"A()": {"attempt": 0, "status": "SKIPPED", "reason": "up to date"}})
    same = diff(made, found, outputs=False)
    assert same.same
    assert str(same).endswith("1 of 1 tasks that both runs have are alike")
    failed = make_run({"A()": ({"n": 1}, [])}, {"A()": {"status": "FAILURE"}})
    assert diff(made, failed, outputs=False).tasks["A()"].status == ("SUCCESS", "FAILURE")


def test_a_repository_without_an_address_is_no_difference_to_none():
    repository = {"url": None, "commit": "c1", "dirty": False}
    assert environment_of({"env": {"repositories": [repository]}})[2].keys() >= {"git commit", "git dirty"}
    assert "git url" not in environment_of({"env": {"repositories": [repository]}})[2]
