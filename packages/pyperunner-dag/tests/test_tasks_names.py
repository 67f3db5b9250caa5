"""Names of tasks: what may be one, and what becomes of it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_dag import Pipeline, TaskNameError, TaskParamError, task


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


@task("Fit")
def fit(data, rows, rate=1):
    return rows


@task("Total")
def total(data):
    return data


def test_a_first_argument_without_its_param_is_read_both_ways():
    """It is the tag; Python's words stay."""
    with pytest.raises(
        TaskParamError,
        match=r"tag 'moon'\): missing a required argument: 'rows' \('moon', .* write Fit\(rows='moon'\)\)",
    ):
        fit("moon")
    assert fit("moon", rows=1).tag == "moon"
    with pytest.raises(TaskParamError, match=r"\(no tag\): missing a required argument: 'rows'$"):
        fit()
    with pytest.raises(TaskParamError, match=r"unexpected keyword argument 'row'; did you mean 'rows'\?$"):
        fit("moon", rows=1, row=2)


def test_what_is_no_tag_is_read_as_the_param_it_may_be_meant_for():
    with pytest.raises(TaskNameError, match=r"a tag is text, not int, and the first .* write Fit\(rows=…\)$"):
        fit(5)
    with pytest.raises(TaskNameError, match=r"a tag is text, not int, and the first .* write Fit\(rate=…\)$"):
        fit(5, rows=1)


@pytest.mark.parametrize("parent", [load(), [load("a"), load("b")], load])
def test_a_parent_as_the_first_argument_is_read_both_ways(parent):
    with pytest.raises(TaskNameError, match=r"this is a task; write Fit\(rows=…\) or Fit\(\)\(…\) to connect it$"):
        fit(parent)
    with pytest.raises(TaskNameError, match=r"this is a task; write Total\(\)\(…\) to connect it$"):
        total(parent)
