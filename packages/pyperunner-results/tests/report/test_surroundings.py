from __future__ import annotations

from pyperunner_results.report.surroundings import facts_of, packages_of


def test_what_is_known_is_said(make_conf):
    env = {
        "base_dir": "/srv/x", "mainfile": None, "dependencies": [{"name": "pandas", "version": "2.2"}, 3],
        "repositories": [
            {"url": "https://example.org/x", "commit": "a" * 40, "dirty": True}, {"url": None, "commit": None},
        ],
    }  # fmt: skip
    conf = make_conf({}, env=env)
    facts = facts_of(conf)
    assert ("Git", "aaaaaaaaaaaa, with changes https://example.org/x") in facts
    assert ("Folder", "/srv/x") in facts
    assert "Main file" not in dict(facts)
    assert packages_of(conf) == ["pandas 2.2"]


def test_nothing_known_is_nothing_said():
    for conf in ({}, {"run": 1}, {"run": {"host": [], "env": {"repositories": {}, "dependencies": "x"}}}):
        assert facts_of(conf) == []
        assert packages_of(conf) == []
