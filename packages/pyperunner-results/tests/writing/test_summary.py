from __future__ import annotations

import json

from pyperunner_results.writing.summary import describe_pipeline


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
