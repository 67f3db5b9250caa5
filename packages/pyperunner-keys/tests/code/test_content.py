from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pyperunner_keys.code.builder import PartBuilder
from pyperunner_keys.code.content import Content, encoders_for
from pyperunner_keys.code.graph import Part
from pyperunner_keys.encoding.encoders import ENCODERS


def filled(work, names=None):
    part = Part("a.b")
    content = Content(PartBuilder(), part, names or {})
    work(content)
    content.close()
    return part


def test_pieces_cannot_be_confused():
    found = [
        filled(lambda c: c.add("a", "b")),
        filled(lambda c: c.add("ab", "")),
        filled(lambda c: (c.add("a"), c.add("b"))),
        filled(lambda c: c.add("ab")),
    ]
    assert len({part.local for part in found}) == len(found)


def test_links_to_distinct_parts_have_distinct_labels():
    one, other = Part("x"), Part("x")
    part = filled(lambda c: [c.refer("f", target) for target in (one, other, one)])
    assert part.edges == [("f", one), ("f#2", other)]


def test_a_value_without_encoding_is_a_gap_and_something_else_stands_for_it():
    part = filled(lambda c: c.value("k", [threading.Lock()], lambda: c.add("instead")))
    assert part.gaps == {"a.b.k[0]": "_thread.lock: cannot pickle '_thread.lock' object"}
    assert part.local != filled(lambda c: c.value("k", [threading.Lock()])).local


def test_foreign_packages_are_noted():
    assert filled(lambda c: c.foreign("np.mean", "numpy:mean")).packages == {"numpy"}


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_below_the_project_are_relative(tmp_path, kind):
    found = set()
    for name in ("one", "other"):
        folder = tmp_path / name
        names = {"__name__": "flow", "__file__": str(folder / "flow.py")}
        found.add(filled(lambda c, folder=folder: c.value("", {"k": kind(folder / "data")}), names).local)
        assert filled(lambda c, folder=folder: c.value("", kind(f"{folder}2")), names).local not in found
    assert len(found) == 1


def test_without_a_file_the_usual_encoders_serve():
    assert encoders_for({}) is ENCODERS


def test_functions_of_one_name_in_a_set_count_alike_in_every_process(python, tmp_path):
    functions = ", ".join(f"lambda x: x + {number}" for number in range(12))
    (tmp_path / "flow.py").write_text(f"T = {{{functions}}}\ndef run(): return sorted(f(1) for f in T)\n")
    show = "import flow; from pyperunner_keys import fingerprint; print(fingerprint(flow.run).digest)"
    found = {
        python(
            "-B",
            "-c",
            f"pads = [lambda: 1] * {pad}; pad = [object()] + [[] for _ in range({pad})]\n{show}",
            folder=tmp_path,
        )
        for pad in (0, 3, 7, 50)
    }
    assert len(found) == 1
