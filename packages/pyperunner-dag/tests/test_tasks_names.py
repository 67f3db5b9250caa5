"""Names of tasks: what may be one, and what becomes of it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_dag import Pipeline, TaskNameError, task


@task("Load")
def load(n=0):
    return n


@pytest.mark.parametrize("tag", ["", "a/b", "..", "../../x", "a\nb", "\x1b[31m", "x" * 300, "ä", "a\u0308", " ", "$x"])
def test_any_text_is_a_tag_and_is_saved_as_it_is(tag):
    made = load(tag)
    assert made.name == f"Load({tag})"
    saved = yaml.safe_load(yaml.safe_dump(Pipeline("p", [made]).to_dict()))
    (again,) = Pipeline.from_dict(saved).dag()
    assert (again.tag, again.key) == (tag, made.key)


@pytest.mark.parametrize("tag", ["a\0b", "\ud800", "\udfff" * 300])
def test_what_no_file_can_carry_is_refused(tag):
    with pytest.raises(TaskNameError, match="task Load cannot have the tag"):
        load(tag)


@pytest.mark.parametrize("tag", [3, None, b"a", ["a"]])
def test_what_is_no_text_is_refused(tag):
    with pytest.raises(TaskNameError, match="a tag is text, not "):
        load(tag)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_tags_that_differ_have_keys_that_differ(tag):
    assert load(tag).key == load(tag).key
    assert load(tag).hash() != load(f"{tag}x").hash()
    assert load(tag).key.endswith(f"/{load(tag).hash()}")
