from __future__ import annotations

from pyperunner_keys.code.reader import Reader


def test_each_part_is_made_once_and_filled_later(project):
    flow = project(flow="K = 1\ndef f(): return g(), K\ndef g(): return f()\n")
    reader = Reader()
    part = reader.part(flow.f)
    assert reader.part(flow.f) is part
    assert part.local == ""
    reader.settle()
    assert part.local
    assert {target.name for _, target in part.edges} == {"flow.g", "flow.K"}
    assert reader.part(flow.g).edges == [("f", part)]


def test_without_depth_names_are_not_followed(project):
    flow = project(flow="K = 1\ndef f(): return K\n")
    reader = Reader(deep=False)
    part = reader.part(flow.f)
    reader.settle()
    assert part.edges == []
