"""YAML: what plain loaders read, and what is refused before it costs anything."""

from __future__ import annotations

import datetime
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_dag import PipelineFileError
from pyperunner_dag.saved.yaml import MAX_ALIASED, MAX_DEPTH, dump_yaml, load_yaml, read_yaml

# All that YAML can hold of text: no surrogates.
TEXT = st.text(st.characters(blacklist_categories=["Cs"]))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)


def exact(value):
    """Equality that tells 1 from True and 0.0 from -0.0."""
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return [(key, exact(item)) for key, item in value.items()]
    return type(value).__name__, repr(value)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_here_and_by_any_plain_loader(value):
    text = dump_yaml(value)
    assert exact(load_yaml(text, "x")) == exact(yaml.safe_load(text)) == exact(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, null, ~, yes, 0x10, 1.5, '1']", {"a": 1, "b": ["x", None, None, True, 16, 1.5, "1"]}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: !!str 1", {"a": "1"}),
        ("2024-01-02", datetime.date(2024, 1, 2)),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("", None),
        ("--- a\n...\n", "a"),
        ("{1: a, null: b}", {1: "a", None: "b"}),
    ],
)
def test_ordinary_documents_are_read_as_by_a_plain_loader(text, value):
    assert load_yaml(text, "x") == yaml.safe_load(text) == value


def bomb():
    lines = ["a0: &a0 [" + ", ".join(["x"] * 9) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 30)]
    return "\n".join(lines)


REFUSED = {
    "alias bomb": (bomb(), rf"aliases stand for more than {MAX_ALIASED}"),
    "many aliases": ("a: &a x\nb: [" + "*a, " * (MAX_ALIASED + 1) + "]", "aliases"),
    "deep list": ("[" * 100_000, f"nested more than {MAX_DEPTH}"),
    "deep map": ("{a: " * 100_000, f"nested more than {MAX_DEPTH}"),
    "deep block": ("\n".join(" " * n + "a:" for n in range(2000)), f"nested more than {MAX_DEPTH}"),
    "duplicate key": ("a: 1\nb: 2\na: 3", "line 3: the key 'a' is there twice"),
    "duplicate nested key": ("x:\n  a: 1\n  'a': 2", "line 3: the key 'a' is there twice"),
    "python object": ("a: !!python/object/apply:os.system ['touch executed']", "the tag .*python/object/apply"),
    "python name": ("a: !!python/name:os.system ''", "python/name"),
    "python scalar": ("a: !!python/int '1'", "python/int"),
    "own tag": ("a: !mine {x: 1}", "the tag !mine is not allowed"),
    "binary": ("a: !!binary aGk=", "binary"),
    "set": ("a: !!set {x}", "the tag .*set"),
    "merge": ("a: &a {x: 1}\nb: {<<: *a}", "merge"),
    "alias to nothing": ("a: *b", "alias|anchor"),
    "anchor in itself": ("a: &a [*a]", "nothing that is complete"),
    "list as key": ("{[1]: 2}", "cannot be a key"),
    "two documents": ("a: 1\n---\nb: 2", "more than one document"),
    "no YAML": ("a: [1,", "line 2: this is not YAML"),
    "tabs": ("a:\n\t- b", "line 2: this is not YAML"),
    "not UTF-8": (b"a: \xff\xfe\xfa", "this is not YAML"),
    "control character": ("a: \x07", "this is not YAML"),
    "impossible date": ("a: 2024-13-45", "month"),
    "long number": ("a: " + "9" * 5000, "digits"),
    "long number of base 60": ("a: " + "1:" * 5000 + "1", "digits"),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_refused_at_once_with_the_place_and_nothing_executed(text, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = time.process_time()
    with pytest.raises(PipelineFileError, match=rf"^flow\.yaml.*{problem}"):
        load_yaml(text, "flow.yaml")
    # The aim is a tenth of a second; the limit here only tells a refusal from an explosion.
    assert time.process_time() - start < 2
    assert not list(tmp_path.iterdir())


def test_a_file_is_read_and_named(tmp_path):
    (tmp_path / "p.yaml").write_text("a: ä", encoding="utf-8")
    assert read_yaml(tmp_path / "p.yaml") == {"a": "ä"}
    (tmp_path / "p.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(PipelineFileError, match=r"p\.yaml, line"):
        read_yaml(str(tmp_path / "p.yaml"))
    with pytest.raises(FileNotFoundError):
        read_yaml(tmp_path / "absent.yaml")


def test_without_libyaml_the_same(monkeypatch):
    from pyperunner_dag.saved import yaml as saved_yaml

    monkeypatch.setattr(saved_yaml, "_LOADER", yaml.SafeLoader)
    monkeypatch.setattr(saved_yaml, "_DUMPER", yaml.SafeDumper)
    value = {"a": [1, "ä\n\x85\u2028", {"b": None}], "yes": "no"}
    assert load_yaml(dump_yaml(value), "x") == value
    with pytest.raises(PipelineFileError, match=r"nested"):
        load_yaml("[" * 100_000, "x")
