"""Terminal escapes, forged lines and markup in names, params, outputs and errors: shown spelled out, everywhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from pyperunner import PipelineResult

FLOW = """
import logging, os, sys, warnings
from pyperunner import Pipeline, task

EVIL = "\\x1b]0;owned\\x07\\x1b[31m\\r\\nFORGED line\\u202e\\u2028FORGED too\\x9b2J"
EVIL += "</script></title><img src=x onerror=a()>\\"'&"

@task("Say")
def say(text, other=0):
    print(text)
    os.write(1, text.encode() + b"\\xff\\n")
    logging.getLogger(text).warning(text)
    warnings.warn(text)
    return {text: text, "other": other}

@task("Fail")
def fail(said):
    raise ValueError(EVIL)

@task("Never")
def never(said):
    return said

first = say(EVIL, text=EVIL, other=os.environ.get("OTHER", 0))
failed = fail(EVIL, said=first)
last = never(EVIL, said=failed)
pipeline = Pipeline(EVIL, [first])
"""
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def assert_harmless(text, where=""):
    found = OBEYED.search(text)
    assert not found, f"{where}: {text[max(0, found.start() - 40) : found.end() + 40]!r}"
    assert not [line for line in text.splitlines() if line.startswith("FORGED")], where


class Tags(HTMLParser):
    """Notes every tag, and whatever could act."""

    def __init__(self, text):
        super().__init__()
        self.tags = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            assert not (value or "").lower().startswith("javascript:"), (tag, name)


def test_none_of_it_is_obeyed(project):
    project.write("flow.py", FLOW)

    def say(*arguments, **env):
        process = project.start("-m", "pyperunner_cli", *arguments, **env)
        out, err = process.communicate(timeout=60)
        assert process.returncode in (0, 1, 2), err
        assert "Traceback (most recent call last)" not in err or "FORGED" in err
        assert_harmless(out, arguments)
        assert_harmless(err, arguments)
        return out + err

    assert "Say(" in say("plan", "flow.py")
    assert "Fail(" in say("run", "flow.py")
    assert "Say(" in say("run", "flow.py", "--verbose", OTHER="\x1b[31m1\nFORGED")
    folders = sorted(str(path) for path in (project.folder / "pyperunner-runs").iterdir())
    assert len(folders) == 2
    for arguments in (["runs"], ["diff", *folders], ["report", folders[0]], ["graph", "flow.py"]):
        say(*arguments)
    assert "Fail(" in say("results", folders[0])
    assert "no task" in say("results", folders[0], "\x1b[31mSay()\nFORGED")
    failed = next(name for name in PipelineResult.from_file(folders[0]) if name.startswith("Fail("))
    assert "ValueError" in say("debug", folders[0], failed)
    assert "Fail(" in say("explain", "flow.py")
    assert "Fail(" in say("explain", "flow.py", failed)
    for form in ("mermaid", "svg", "text"):
        assert_harmless(say("graph", "flow.py", "--format", form))
    check_files([path for folder in folders for path in Path(folder).rglob("*") if path.is_file()])


def check_files(paths):
    """No file that a person may print or open holds anything that acts."""
    assert len(paths) > 12
    for path in paths:
        text = path.read_bytes().decode()
        assert not OBEYED.search(path.name)
        if path.suffix == ".html":
            tags = Tags(text).tags
            assert tags["script"] == 2
            assert not tags.keys() & {"img", "iframe", "object", "embed", "form", "link", "base"}
        elif path.suffix == ".svg":
            assert set(Tags(text).tags) <= {"svg", "title", "g", "path", "rect", "text"}
        assert_harmless(text, path)


def test_in_a_notebook_no_tag_is_live(project):
    project.write("flow.py", FLOW)
    project.write(
        "show.py",
        """
        import flow, glob
        from pyperunner import PipelineResult, Runner
        Runner("data", "runs").run(flow.pipeline)
        results = PipelineResult.from_file(glob.glob("runs/*")[0])
        print(repr(results), *map(repr, results.failed))
        print("HTML", results._repr_html_().replace("\\n", " "), flow.pipeline._repr_html_().replace("\\n", " "))
        """,
    )
    shown, html = project.python("show.py").rsplit("HTML", 1)
    assert_harmless(shown[shown.index("<PipelineResult") :])
    assert_harmless(html)
    assert set(Tags(html).tags) <= {
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "title",
        "g",
        "path",
        "rect",
        "text",
    }
