"""YAML reader: what plain loaders read, and what is refused before it costs anything."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import pytest
import yaml

from pyperunner_text.yaml import reader
from pyperunner_text.yaml.reader import MAX_ALIASED, MAX_DEPTH, UnreadableYaml, read_yaml, read_yaml_file


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, null, ~, yes, 0x10, 1.5, '1']", {"a": 1, "b": ["x", None, None, True, 16, 1.5, "1"]}),
        ("- 1e3\n- 1.0e+3\n- 1:30\n", ["1e3", 1000.0, 90]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("base: &b {x: 1}\nname: &n abc\nagain: [*b, *n]\nquoted: &q 'q'\nq: *q", {
            "base": {"x": 1}, "name": "abc", "again": [{"x": 1}, "abc"], "quoted": "q", "q": "q",
        }),
        ("a: !!str 1\nb: ! 1\nc: 1\nd: !!float 1\ne: 1", {"a": "1", "b": 1, "c": 1, "d": 1.0, "e": 1}),
        ("a: !!map {b: !!seq [1]}", {"a": {"b": [1]}}),
        ("2024-01-02", datetime.date(2024, 1, 2)),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("", None),
        ("--- a\n...\n", "a"),
        ("{1: a, null: b}", {1: "a", None: "b"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("libyaml", [True, False])
def test_ordinary_documents_are_read_as_by_a_plain_loader(
    text: str, value: object, libyaml: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not libyaml:
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    for given in (text, text.encode()):
        read = read_yaml(given, "x")
        assert repr(read) == repr(yaml.safe_load(text)) == repr(value)


def bomb() -> str:
    lines = ["a0: &a0 [" + ", ".join(["x"] * 9) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 30)]
    return "\n".join(lines)


REFUSED: dict[str, tuple[str | bytes, int, str]] = {
    "alias bomb": (bomb(), 5, rf"its aliases stand for more than {MAX_ALIASED} values"),
    "many aliases": ("a: &a x\nb: [" + "*a, " * (MAX_ALIASED + 1) + "]", 2, "its aliases stand for more"),
    "deep list": ("[" * 100_000, 1, f"it is nested more than {MAX_DEPTH} levels deep"),
    "deep map": ("{a: " * 100_000, 1, f"it is nested more than {MAX_DEPTH} levels deep"),
    "deep block": ("\n".join(" " * n + "a:" for n in range(2000)), MAX_DEPTH + 1, "it is nested more than"),
    "duplicate key": ("a: 1\nb: 2\na: 3", 3, "the key 'a' is there twice"),
    "duplicate nested key": ("x:\n  a: 1\n  'a': 2", 3, "the key 'a' is there twice"),
    "equal keys": ("1: a\ntrue: b\n", 2, "the key True is there twice"),
    "python object": ("a: !!python/object/apply:os.system ['touch executed']", 1, "the tag .*os.system is not allowed"),
    "python name": ("a: !!python/name:os.system ''", 1, "'' of the kind .*python/name:os.system is not allowed"),
    "python scalar": ("a: !!python/int '1'", 1, "'1' of the kind .*python/int is not allowed"),
    "own tag": ("a: !mine {x: 1}", 1, "the tag !mine is not allowed"),
    "no tag in particular": ("a: ! {x: 1}", 1, "the tag ! is not allowed"),
    "binary": ("a: !!binary aGk=", 1, "'aGk=' of the kind .*binary is not allowed"),
    "set": ("a: !!set {x}", 1, "the tag .*set is not allowed"),
    "ordered map": ("a: !!omap [{x: 1}]", 1, "the tag .*omap is not allowed"),
    "merge": ("a: &a {x: 1}\nb: {<<: *a}", 2, "'<<' of the kind .*merge is not allowed"),
    "value": ("=: 1", 1, "'=' of the kind .*value is not allowed"),
    "alias to nothing": ("a: *b", 1, r"the alias \*b stands for nothing that is complete here"),
    "anchor in itself": ("a: &a [*a]", 1, r"the alias \*a stands for nothing that is complete here"),
    "list as key": ("{[1]: 2}", 1, "a list or a mapping cannot be a key"),
    "two documents": ("a: 1\n---\nb: 2", 2, "there is more than one document"),
    "no YAML": ("a: [1,", 2, "this is not YAML: "),
    "tabs": ("a:\n\t- b", 2, "this is not YAML: "),
    "open text": ("a: 'open\n", 2, "this is not YAML: .*end of stream"),
    "not UTF-8": (b"a: \xff\xfe\xfa", 0, "this is not YAML: "),
    "lone surrogate": ("a: \ud800", 0, "this is not YAML: "),
    "control character": ("a: \x07", 0, "this is not YAML: "),
    "NUL": ("a: \x00", 0, "this is not YAML: "),
    "impossible date": ("a: 2024-13-45", 1, "month must be"),
    "long number": ("a: " + "9" * 5000, 1, "a number of more than 4000 digits is not allowed"),
    "long number of base 60": ("a: " + "1:" * 5000 + "1", 1, "a number of more than 4000 digits"),
}


@pytest.mark.parametrize(("text", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_at_once_with_the_place_and_nothing_executed(
    text: str | bytes, line: int, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = time.process_time()
    with pytest.raises(UnreadableYaml, match=rf"^flow\.yaml(, line \d+)?: {reason}") as caught:
        read_yaml(text, "flow.yaml")
    # The aim is a tenth of a second; the limit here only tells a refusal from an explosion.
    assert time.process_time() - start < 2
    assert (caught.value.source, caught.value.line) == ("flow.yaml", line)
    assert not list(tmp_path.iterdir())


def test_without_libyaml_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    for text, line, _ in REFUSED.values():
        with pytest.raises(UnreadableYaml) as caught:
            read_yaml(text, "x")
        assert caught.value.line == line or caught.value.reason.startswith("this is not YAML")


def test_a_file_is_read_and_named(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("a: ä", encoding="utf-8")
    assert read_yaml_file(tmp_path / "p.yaml") == {"a": "ä"}
    (tmp_path / "p.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(UnreadableYaml, match=r"p\.yaml, line"):
        read_yaml_file(str(tmp_path / "p.yaml"))
    with pytest.raises(FileNotFoundError):
        read_yaml_file(tmp_path / "absent.yaml")


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", 1000)
    with pytest.raises(UnreadableYaml, match=r"^/dev/zero: it is larger than 1,000 bytes$"):
        read_yaml_file("/dev/zero")


def test_values_that_are_read_share_nothing_that_can_be_changed() -> None:
    read = read_yaml("- [1, a]\n- [1, a]\n", "x")
    read[0].append(2)
    assert read[1] == [1, "a"]
