"""Outputs that a report shows, and those that it does not."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from pyperunner_results import PipelineResult, write_report
from pyperunner_results.report.outputs import shown_outputs

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


class Store(dict):
    """An OutputReader of values in memory, which says how much each takes."""

    def missing(self, keys):
        return {key for key in keys if key not in self}

    def load(self, key):
        value = self[key]
        if isinstance(value, Exception):
            raise value
        return value

    def meta(self, key):
        return {"size": 1 << 20 if key.startswith("Large") else 100}


@pytest.fixture
def shown(folder, make_conf):
    """Returns what is shown of the outputs of a run, by the names of its tasks."""

    def shown(outputs, params=None, parents=None):
        tasks = {name: ((params or {}).get(name, {}), (parents or {}).get(name, [])) for name in outputs}
        conf = make_conf(tasks)
        folder.write_pipeline(conf)
        for name in tasks:
            folder.event("task_finished", task=name, attempt=1, status="SUCCESS")
        folder.finish()
        store = Store({f"{name}/{conf['tasks'][name]['hash']}": value for name, value in outputs.items()})
        results = PipelineResult(conf, store, run_folder=folder.path)
        names = list(tasks)
        upstream = [[names.index(parent) for parent in parents] for _, parents in tasks.values()]
        found = shown_outputs(results, results.all_tasks(), upstream)
        return results, {names[number]: value for number, value in found.items()}

    return shown


class Own:
    def __repr__(self):
        raise SystemExit("code of the user's")


def test_small_values_and_pictures_are_shown_and_nothing_of_the_users_classes(shown):
    _, found = shown(
        {
            "Number()": 3,
            "Text()": "a\x1b[1mb",
            "Mapping()": {"r2": 0.5, "names": ["a"]},
            "Long()": "x" * 5_000,
            "Picture()": PNG,
            "Bytes()": b"\0\1",
            "Own()": Own(),
            "Inside()": [Own()],
            "Many()": list(range(5_000)),
            "Large()": 3,
            "Broken()": KeyError("gone"),
        }
    )
    assert found["Number()"] == {"text": "3"}
    assert found["Text()"] == {"text": "a\\x1b[1mb"}
    assert found["Mapping()"] == {"text": "{'r2': 0.5, 'names': ['a']}"}
    assert len(found["Long()"]["text"]) == 1_501
    assert found["Picture()"]["picture"].startswith("data:image/png;base64,")
    assert set(found) == {"Number()", "Text()", "Mapping()", "Long()", "Picture()"}


def test_the_beginning_of_a_table(shown):
    pd = pytest.importorskip("pandas")
    _, found = shown({"Rows()": pd.DataFrame({f"c{n}": range(1_000) for n in range(20)})})
    table = found["Rows()"]
    assert (len(table["columns"]), len(table["rows"]), table["more"]) == (8, 8, "1,000 rows, 20 columns")


def test_what_a_secret_was_given_for_is_not_shown_nor_what_follows(shown):
    outputs = {"Fetch()": "classified", "Clean()": "classified too", "Inner()": "as well", "Other()": "seen"}
    params = {
        "Fetch()": {"token": {"$secret": {"env": "TOKEN", "key": None}}},
        "Inner()": {"conf": {"a": [{"$opaque": {"type": "pyperunner_dag._secret.Secret", "digest": ""}}]}},
    }
    results, found = shown(outputs, params, {"Clean()": ["Fetch()"]})
    assert found == {"Other()": {"text": "seen"}}
    text = Path(write_report(results)).read_text("utf-8")
    assert "seen" in text
    assert "classified" not in text


def test_secrets_that_others_have_got_hold_of_are_masked(shown, monkeypatch):
    monkeypatch.setenv("TOKEN", "s3cr3t-token")
    outputs = {"Fetch()": 1, "Env()": {"is": ["s3cr3t-token", "and"]}, "Given()": "hunter2-hunter2"}
    params = {"Fetch()": {"token": {"$secret": {"env": "TOKEN", "key": None}}}}
    results, found = shown(outputs, params)
    assert found == {"Env()": {"text": "{'is': ['***', 'and']}"}, "Given()": {"text": "hunter2-hunter2"}}
    page = Path(write_report(results, secrets=["hunter2-hunter2"])).read_text()
    assert "hunter2" not in page
    assert "s3cr3t" not in page


def test_without_outputs_none_is_loaded(shown):
    results, _ = shown({"Number()": "a-value"})
    assert "a-value" in Path(write_report(results)).read_text("utf-8")
    assert "a-value" not in Path(write_report(results, outputs=False)).read_text("utf-8")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_shows_them(browser, shown, width, dark):
    pd = pytest.importorskip("pandas")
    outputs = {"Picture()": PNG, "Rows()": pd.DataFrame({"a": [1, 2]}), "Text()": "<b>not bold</b>"}
    results, _ = shown(outputs)
    browser.open(write_report(results), width, dark=dark)
    seen = []
    for number in range(3):
        browser.js(f"(location.hash = '#task-{number}', 0)")
        time.sleep(0.2)
        seen.append(
            browser.js(
                "[document.querySelector('#details img.output')?.naturalWidth ?? null,"
                " document.querySelectorAll('#details table.output td').length,"
                " document.querySelector('#details pre')?.textContent ?? null]"
            )
        )
    assert browser.complaints() == []
    assert seen == [[1, 0, None], [None, 2, None], [None, 0, "<b>not bold</b>"]], json.dumps(seen)
