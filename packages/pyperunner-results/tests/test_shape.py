from __future__ import annotations

from pyperunner_results.shape import as_mapping, as_mappings


def test_only_what_has_the_shape_is_used():
    assert as_mapping({"a": 1}) == {"a": 1}
    assert [as_mapping(value) for value in (None, [], "x", 3)] == [{}] * 4
    assert as_mappings([{"a": 1}, 2, None, {}]) == [{"a": 1}, {}]
    assert [as_mappings(value) for value in (None, {}, "x", 3)] == [[]] * 4
