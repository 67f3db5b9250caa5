from __future__ import annotations

import time

import pytest
import yaml

from pyperunner_results import YamlError
from pyperunner_results.yaml_read import from_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        (BOMB, "aliases", 5),
        ("[" * 100_000, "nested deeper", 1),
        ("".join(f"{' ' * n}- \n" for n in range(3000)), "nested deeper", 101),
        ("a: 1\nb: 2\na: 3\n", "'a' is given twice", 3),
        ("1: a\ntrue: b\n", "given twice", 2),
        ("a: !!python/object/apply:os.system ['touch {mark}']\n", "python/object/apply:os.system", 1),
        ("a: !!python/name:os.system x\n", "python/name", 1),
        ("a: !mine 1\n", "!mine", 1),
        ("&a [*a]\n", "'a' stands for nothing that is complete", 1),
        ("a: *missing\n", "missing", 1),
        ("<<: {a: 1}\n", "special meaning", 1),
        ("? [1, 2]\n: x\n", "a list cannot be a key", 1),
        ("a: 1\n---\nb: 2\n", "more than one document", 2),
        ("a: 'open\n", "quoted scalar", 2),
        ("a: 2024-99-99\n", "cannot be read", 0),
        ("a: " + "9" * 5000, "4,000 digits", 1),
        ("a: " + "1:" * 5000 + "1", "4,000 digits", 1),
        ("a: &a x\nb: [" + "*a," * 30_000 + "]", "aliases", 2),
        (b"a: \xff\xfe\xfd\n", "", 0),
        ("a: \x00", "", 0),
    ],
)
def test_hostile_and_broken_texts_are_refused_at_once(text, words, line, tmp_path):
    mark = tmp_path / "executed"
    yaml.safe_load("warm: up")
    start = time.perf_counter()
    with pytest.raises(YamlError) as caught:
        from_yaml(text.replace("{mark}", str(mark)) if isinstance(text, str) else text, "flow.yaml")
    assert time.perf_counter() - start < 0.5  # 0.1 s on an idle machine, see the figures in docs
    assert words in str(caught.value)
    assert "flow.yaml" in str(caught.value)
    assert caught.value.line == line or not line
    assert not mark.exists()


def test_harmless_anchors_are_read():
    text = "base: &b {x: 1}\nother: *b\nname: &n abc\nagain: *n\nquoted: &q 'q'\nq2: *q\n"
    assert from_yaml(text, "text") == {
        "base": {"x": 1}, "other": {"x": 1}, "name": "abc", "again": "abc", "quoted": "q", "q2": "q",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["a: 1", "- 1\n- 0x10\n- 1e3\n- 1.0e+3\n- yes\n- ~\n", "'no'", "", "!!set {a, b}", "!!str 1", "! 1"]
)
def test_plain_texts_read_as_yaml_says(text):
    assert from_yaml(text, "text") == yaml.safe_load(text)


def test_it_reads_the_same_without_libyaml(monkeypatch):
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert from_yaml("a: [1, {b: 2}]", "text") == {"a": [1, {"b": 2}]}
    for text in ("[" * 100_000, BOMB):
        with pytest.raises(YamlError):
            from_yaml(text, "text")
