"""Secret params: they reach the task, and nothing else."""

from __future__ import annotations

import pickle

import pytest
import yaml

from pyperunner_dag import OptionError, Pipeline, Secret, SecretNotSetError, Task, run
from pyperunner_dag.errors import OpaqueValueError

HIDDEN = "hunter2-hunter2"


class Login(Task):
    @run
    def run(self, password, more=None):
        return password


def test_the_task_gets_the_value(monkeypatch):
    assert Login(password=Secret(HIDDEN)).execute([], {}) == HIDDEN
    assert Login(password=Secret(HIDDEN)).run() == HIDDEN
    monkeypatch.setenv("LOGIN_PASSWORD", HIDDEN)
    assert Login(password=Secret(env="LOGIN_PASSWORD")).execute([], {}) == HIDDEN


def test_the_value_does_not_count_in_the_key_but_a_label_does():
    plain = Login(password=Secret("one")).hash()
    assert Login(password=Secret("two")).hash() == plain
    assert Login(password=Secret(env="LOGIN_PASSWORD")).hash() == plain
    assert Login(password=Secret("one", key="account 2")).hash() != plain
    assert Login(password="one").hash() != plain


def test_the_value_is_written_nowhere():
    task = Login(password=Secret(HIDDEN), more=[Secret(HIDDEN)])
    pipeline = Pipeline("p", [task])
    seen = [
        repr(task),
        repr(task.params),
        str(task.description()),
        str(task.key_parts()),
        yaml.safe_dump(pipeline.to_dict()),
    ]
    assert not [text for text in seen if HIDDEN in text]


def test_one_from_the_environment_survives_a_file_and_one_from_a_value_says_why_not(tmp_path, monkeypatch):
    monkeypatch.setattr(Login, "__module__", __name__)
    pipeline = Pipeline("p", [Login(password=Secret(env="LOGIN_PASSWORD", key="a"))])
    assert pipeline.to_dict()["tasks"]["Login()"]["params"] == {
        "password": {"$secret": {"env": "LOGIN_PASSWORD", "key": "a"}}
    }
    with pytest.raises(OpaqueValueError, match=r"password is a .*Secret"):
        Pipeline.from_dict(Pipeline("p", [Login(password=Secret(HIDDEN))]).to_dict())


def test_a_value_does_not_travel_and_a_variable_does():
    with pytest.raises(TypeError, match="can't be stored"):
        pickle.dumps(Secret(HIDDEN))
    copy = pickle.loads(pickle.dumps(Secret(env="LOGIN_PASSWORD", key="a")))
    assert (copy.env, copy.key) == ("LOGIN_PASSWORD", "a")


def test_an_unset_variable_is_named(monkeypatch):
    monkeypatch.delenv("LOGIN_PASSWORD", raising=False)
    with pytest.raises(SecretNotSetError, match=r"task Login .*param password .*LOGIN_PASSWORD"):
        Login(password=Secret(env="LOGIN_PASSWORD")).assert_secrets_set()


@pytest.mark.parametrize("arguments", [{}, {"value": 1, "env": "X"}])
def test_it_takes_one_of_value_and_variable(arguments):
    with pytest.raises(TypeError, match="either a value or env="):
        Secret(**arguments)


def test_an_environment_variable_of_the_options_is_recorded_so_a_secret_is_refused():
    with pytest.raises(OptionError, match="the value of TOKEN is text, such as '1', not a Secret") as caught:
        Login(password="x").with_options(env={"TOKEN": Secret(HIDDEN)})
    assert HIDDEN not in repr(caught.value)
