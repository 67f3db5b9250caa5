"""Options: what they may be, and whose count."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from pyperunner_dag import OptionError, Options, Task, TaskDefinitionError, TaskError, run, task


class Work(Task):
    options = Options(timeout=60, retries=2)

    @run
    def run(self, n=0):
        return n


@task("Load", timeout=5, env={"A": "1"})
def load():
    return 1


def test_what_is_not_said_has_a_default_that_changes_nothing():
    options = Options()
    assert (options.timeout, options.retries, options.backoff, options.retry_on) == (None, 0, 0.0, ())
    assert (options.memory_limit, options.resources, options.priority, options.env) == (None, {}, 0, {})
    assert (options.cache, options.code, options.version, options.ignore) == (True, None, None, ())
    assert (options.depends, options.packages, options.strict) == ((), None, None)
    assert (options.max_age, options.rerun, options.threads) == (None, None, None)
    assert repr(options) == "Options()"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"timeout": 3}, 3.0),
        ({"backoff": 1}, 1.0),
        ({"retry_on": OSError}, (OSError,)),
        ({"retry_on": "Timeout"}, ("Timeout",)),
        ({"retry_on": [OSError, "Timeout"]}, (OSError, "Timeout")),
        ({"memory_limit": 10}, 10),
        ({"memory_limit": "2 GiB"}, 2 << 30),
        ({"memory_limit": "1.5kB"}, 1500),
        ({"memory_limit": " 500 MB "}, 500_000_000),
        ({"resources": {"gpu": 1}}, {"gpu": 1.0}),
        ({"threads": 2}, 2),
        ({"max_age": "1d"}, 86400.0),
        ({"max_age": " 1.5 h "}, 5400.0),
        ({"max_age": timedelta(weeks=1)}, 604800.0),
        ({"max_age": 90}, 90.0),
        ({"rerun": "never"}, "never"),
        ({"env": {"A": ""}}, {"A": ""}),
        ({"ignore": "log_*"}, ("log_*",)),
        ({"depends": [len, 3]}, (len, 3)),
    ],
)
def test_values_are_kept_in_one_form(given, kept):
    ((name, _),) = given.items()
    value = getattr(Options(**given), name)
    assert (value, type(value)) == (kept, type(value) if isinstance(kept, dict) else type(kept))
    assert Options(**{name: value}) == Options(**given) != Options()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"timeout": 0}, "seconds, more than 0"),
        ({"timeout": float("inf")}, "leave it out for no limit"),
        ({"timeout": float("nan")}, "seconds"),
        ({"timeout": "60"}, "seconds"),
        ({"timeout": True}, "seconds"),
        ({"retries": -1}, "whole number"),
        ({"retries": 1.0}, "whole number"),
        ({"retries": None}, "whole number"),
        ({"backoff": -1}, "0 or more"),
        ({"retry_on": [3]}, "classes of exceptions"),
        ({"retry_on": int}, "classes of exceptions"),
        ({"retry_on": [""]}, "classes of exceptions"),
        ({"retry_on": 3}, "takes a list"),
        ({"memory_limit": "2 G"}, "'2 GiB' or '500 MB'"),
        ({"memory_limit": "much"}, "'2 GiB' or '500 MB'"),
        ({"memory_limit": "0 MB"}, "more than 0"),
        ({"memory_limit": 1.5}, "bytes"),
        ({"max_age": "1 month"}, "units s, m, h, d, w"),
        ({"max_age": "1"}, "units s, m, h, d, w"),
        ({"max_age": 0}, "leave it out for no limit"),
        ({"max_age": timedelta(0)}, "more than 0"),
        ({"max_age": True}, "takes seconds"),
        ({"rerun": "always"}, "it takes 'never'"),
        ({"resources": ["gpu"]}, "amounts by name"),
        ({"resources": {"gpu": 0}}, "amount of 'gpu'"),
        ({"resources": {"gpu": float("nan")}}, "amount of 'gpu'"),
        ({"resources": {"": 1}}, "a resource has a name"),
        ({"threads": 0}, "1 or more"),
        ({"threads": 1.0}, "whole number"),
        ({"threads": True}, "leave it out for a share"),
        ({"priority": "high"}, "higher first"),
        ({"env": "A=1"}, "values by name"),
        ({"env": {"A": 1}}, "value of A is text, such as '1', not a int"),
        ({"env": {"A=B": "1"}}, "'A=B' is no name"),
        ({"env": {"": "1"}}, "'' is no name"),
        ({"env": {"A": "a\0b"}}, "NUL"),
        ({"env": {"A": "\ud800"}}, "lone surrogate"),
        ({"cache": 0}, "True or False"),
        ({"code": "shallow"}, "'deep', 'own', 'off', not 'shallow'"),
        ({"version": 2}, "text, such as '2'"),
        ({"ignore": [2]}, "patterns of names"),
        ({"depends": len}, r"depends=\[plugin\]"),
        ({"packages": ["version"]}, "'none', 'version'"),
        ({"strict": "yes"}, "True or False"),
    ],
)
def test_what_an_option_cannot_be_is_said_with_its_name(given, problem):
    ((name, _),) = given.items()
    with pytest.raises(OptionError, match=rf"^option {name}: .*{problem}"):
        Options(**given)


def test_an_unknown_option_names_the_near_one_and_the_task():
    with pytest.raises(OptionError, match=r"^option timout: .*did you mean timeout\?"):
        Options(timout=3)
    with pytest.raises(OptionError, match=r"^task Sum: option retrys: .*did you mean retries\?"):
        task("Sum", retrys=3)
    with pytest.raises(TaskError, match=r"^task Work \(tag 'a'\): option gpu: there is no such option; There are: ti"):
        Work("a").with_options(gpu=1)
    with pytest.raises(ValueError, match=r"task Sum: option timeout: "):
        task("Sum", timeout=-1)


def test_they_cannot_be_changed():
    options = Options(env={"A": "1"})
    with pytest.raises(AttributeError, match=r"with_options\(timeout=…\)"):
        options.timeout = 3
    with pytest.raises(AttributeError, match="timeout"):
        del options.timeout
    with pytest.raises(TypeError):
        options.env["A"] = "2"
    given = {"gpu": 1}
    options = Options(resources=given)
    given["gpu"] = 2
    assert options.resources == {"gpu": 1}


def test_they_travel():
    options = Options(env={"A": "1"}, resources={"gpu": 1}, retry_on=[OSError], memory_limit="1 MiB", code="own")
    assert pickle.loads(pickle.dumps(options)) == options
    assert pickle.loads(pickle.dumps(Options())) == Options()


def test_a_task_has_the_options_of_its_class_and_changes_of_its_own_on_top():
    changed, plain = Work("a"), Work("b")
    assert changed.with_options(retries=0, priority=3).with_options(priority=4) is changed
    assert (changed.options.timeout, changed.options.retries, changed.options.priority) == (60, 0, 4)
    assert plain.options is Work.options
    assert load().options == Options(timeout=5, env={"A": "1"})
    copy = pickle.loads(pickle.dumps(changed))
    assert copy.options == changed.options


def test_nothing_has_changed_where_a_change_is_refused():
    made = Work()
    with pytest.raises(OptionError):
        made.with_options(timeout=5, retries=-1)
    assert made.options is Work.options


def test_the_options_of_a_subclass_replace_those_of_its_base():
    class Inherits(Work):
        pass

    class Replaces(Work):
        options = Options(priority=1)

    assert Inherits().options == Work.options
    assert Replaces().options == Options(priority=1)


def test_something_else_in_their_place_is_refused_with_the_class():
    with pytest.raises(TaskDefinitionError, match=r"task Wrong: its options are Options\(timeout=60, …\), not a dict"):

        class Wrong(Task):
            options = {"timeout": 60}
