from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from pyperunner_results.writing.summary import describe_pipeline, noting_params


def test_it_keeps_params_and_the_first_repository(make_conf):
    repositories = [{"url": None, "commit": "abc", "dirty": True}, {"url": None, "commit": "other", "dirty": False}]
    conf = make_conf({"A()": ({"n": 1, "s": "x"}, [])}, env={"repositories": repositories})
    kept = describe_pipeline(conf)
    assert kept["git"] == {"commit": "abc", "dirty": True}
    assert kept["params"] == {"A().n": "1", "A().s": '"x"'}
    assert (kept["total"], kept["pyperunner"]) == (1, "0.2.0")


def test_it_stays_small_and_still_tells_any_difference(make_conf):
    def kept(last):
        return describe_pipeline(
            make_conf({f"T({n})": ({"n": n, "text": "x" * 1000}, []) for n in range(999)} | {"Z()": ({"n": last}, [])})
        )

    one, two = kept(1), kept(2)
    assert len(json.dumps(one)) < 32_000
    assert one["params"] == two["params"]
    assert one["params_digest"] != two["params_digest"]
    assert kept(1) == one


def test_long_values_that_differ_behind_the_cut_differ(make_conf):
    one, two = (describe_pipeline(make_conf({"A()": ({"s": "x" * 500 + end}, [])}))["params"] for end in "ab")
    assert one != two


def test_anything_can_be_described():
    for conf in ({}, {"tasks": 1, "run": []}, {"tasks": {"a": None}, "run": {"env": {"repositories": [1]}}}):
        describe_pipeline(conf)


def test_tasks_are_made_once_and_the_digest_is_that_of_all_params_as_one_list(make_conf):
    conf = make_conf({"B()": ({"n": 1.5, "s": "ü"}, []), "A()": ({"list": [1, None]}, [])})
    made = []

    class Lazy(Mapping):
        def __getitem__(self, name):
            made.append(name)
            return conf["tasks"][name]

        def __iter__(self):
            return iter(conf["tasks"])

        def __len__(self):
            return len(conf["tasks"])

    noted = noting_params({**conf, "tasks": Lazy()})
    assert dict(noted["tasks"].items()) == conf["tasks"]
    kept = describe_pipeline(noted)
    assert made == ["B()", "A()"]
    assert kept == describe_pipeline(conf)
    whole = json.dumps([["A().list", [1, None]], ["B().n", 1.5], ["B().s", "ü"]], separators=(",", ":"))
    assert kept["params_digest"] == hashlib.sha256(whole.encode()).hexdigest()[:16]
