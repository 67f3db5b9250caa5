"""A secret param in a real run: nothing that the run leaves behind holds it."""

from __future__ import annotations

import gzip

import pytest

from pyperunner_dag import Pipeline, Secret, SecretNotSetError, Task, run

HIDDEN = "hunter2-hunter2"


class Login(Task):
    @run
    def run(self, password, fail=False):
        print("logging in")
        if fail:
            raise PermissionError("refused")
        return len(password)


def test_no_file_of_a_run_holds_it(kit, monkeypatch):
    monkeypatch.setenv("LOGIN_PASSWORD", HIDDEN)
    tasks = [Login("value", password=Secret(HIDDEN)), Login("env", password=Secret(env="LOGIN_PASSWORD"))]
    tasks.append(Login("bad", password=Secret(HIDDEN), fail=True))
    runner = kit.runner(report=True)
    runner.run(Pipeline("p", tasks))
    assert [task.output for task in tasks[:2]] == [len(HIDDEN)] * 2
    assert isinstance(tasks[2].result.exception, PermissionError)
    files = [path for folder in (kit.log_path, kit.data_path) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 8
    for path in files:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert HIDDEN.encode() not in content, path


def test_an_unset_one_is_refused_before_anything_starts(kit, monkeypatch):
    monkeypatch.delenv("LOGIN_PASSWORD", raising=False)
    first = kit.task("first")
    with pytest.raises(SecretNotSetError, match="LOGIN_PASSWORD"):
        kit.runner().run(Pipeline("p", [first, Login(password=Secret(env="LOGIN_PASSWORD"))]))
    assert kit.executed() == []
