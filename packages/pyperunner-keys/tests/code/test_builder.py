from __future__ import annotations

from pyperunner_keys.code.builder import PartBuilder


def test_each_part_is_made_once_and_filled_later(project):
    flow = project(flow="K = 1\ndef f(): return g(), K\ndef g(): return f()\n")
    builder = PartBuilder()
    part = builder.part(flow.f)
    assert builder.part(flow.f) is part
    assert part.local == ""
    builder.settle()
    assert part.local
    assert {target.name for _, target in part.edges} == {"flow.g", "flow.K"}
    assert builder.part(flow.g).edges == [("f", part)]


def test_without_depth_names_are_not_followed(project):
    flow = project(flow="K = 1\ndef f(): return K\n")
    builder = PartBuilder(deep=False)
    part = builder.part(flow.f)
    builder.settle()
    assert part.edges == []
