from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pyperunner_results import NotARun, write_report

EVIL = "</script><script>document.title='pwned'</script><img src=x onerror=alert(1)>{{script}}&<!--"


class Elements(HTMLParser):
    """Collects start tags, with the text of scripts and styles."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.texts.append("")

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += data


@pytest.fixture
def page(folder, make_conf):
    folder.write_pipeline(make_conf({f"A({EVIL})": ({EVIL: EVIL}, [])}, name=EVIL))
    log = folder.task_log(f"A({EVIL})")
    log.log(EVIL)
    facts = {"error": EVIL, "traceback": EVIL, "reason": EVIL, "log": log.file, "undeclared": [EVIL]}
    folder.event("task_finished", task=f"A({EVIL})", attempt=1, status="FAILURE", **facts)
    folder.finish()
    path = write_report(folder.path)
    assert path == os.path.join(folder.path, "report.html")
    return Path(path).read_text()


def test_nothing_recorded_becomes_an_element(page):
    parser = Elements()
    parser.feed(page)
    allowed = "html head meta title style body a header main noscript p section div aside script"
    assert {tag for tag, _ in parser.tags} == set(allowed.split(" "))
    assert [tag for tag, _ in parser.tags].count("script") == 2
    assert not any(name.startswith("on") or name == "style" for _, attributes in parser.tags for name in attributes)


def test_the_data_comes_back_as_it_was(page):
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1]
    assert not set(data) & set("<>&")
    packed = json.loads(data)["tasks"]
    assert packed["count"] == 1
    assert packed["columns"]["name"]["is"] == [f"A({EVIL})"]
    assert packed["columns"]["log"]["is"] == [EVIL]


def test_the_policy_allows_its_own_script_and_style_only(page):
    policy = unescape(re.search(r'Content-Security-Policy" content="(.*?)"', page)[1])
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[-1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]

    def digest(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    own = f"style-src {digest(style)}; script-src {digest(script)}"
    assert policy == f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"
    assert "unsafe" not in policy


def test_the_script_builds_no_markup_from_text(page):
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[-1]
    ways = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "DOMParser")
    assert not [way for way in ways if way in script]


def test_it_names_no_other_file_or_host(page):
    page = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert re.findall(r"https?://[^\"\s)]+", page) == ["http://www.w3.org/2000/svg"]
    assert "src=" not in re.sub(r"<title>.*?</title>", "", page).replace("-src ", "")


def test_what_is_no_run_has_no_report(tmp_path):
    with pytest.raises(NotARun):
        write_report(tmp_path)
    assert os.listdir(tmp_path) == []


def test_writing_it_again_replaces_it(folder, make_conf):
    folder.write_pipeline(make_conf({"A()": ({}, [])}))
    assert Path(write_report(folder.path)).read_text().count("running")
    folder.finish()
    assert '"state":"success"' in Path(write_report(folder.path)).read_text()
