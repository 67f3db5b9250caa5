"""The report on paper, as Chromium prints it: everything once, whole, and within the page."""

from __future__ import annotations

import base64
import re
import shutil
import struct
import subprocess
import zlib

import pytest

from pyperunner_results import PipelineResult, write_report


def printed(browser, path):
    """The text of each page of the report as a PDF."""
    data = browser.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    path.write_bytes(base64.b64decode(data))
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout.split(
        "\f"
    )


needs_poppler = pytest.mark.skipif(
    None in map(shutil.which, ("pdftotext", "pdfimages", "pdfinfo")), reason="pdftotext is not installed"
)


@needs_poppler
@pytest.mark.parametrize("dark", [False, True])
def test_on_paper_everything_stands_once_and_whole(browser, folder, make_conf, tmp_path, dark):
    folder.write_pipeline(make_conf({f"Load({n})": ({}, []) for n in range(40)}))
    log = folder.task_log("Load(2)")
    log.log("".join(f"line {n} of the log\n" for n in range(60)))
    log.close()
    failed = {"error": "ValueError", "traceback": "Traceback"}
    folder.event("task_finished", task="Load(2)", attempt=1, status="FAILURE", log=log.file, **failed)
    folder.finish()
    browser.open(write_report(folder.path), dark=dark)
    browser.js("location.hash = '#task-2'; new Promise(done => setTimeout(done, 50))")
    pages = printed(browser, tmp_path / "it.pdf")
    assert len(pages) > 2
    for text in ("End of the log", "line 59 of the log", "Load(39)"):
        assert sum(text in page for page in pages) == 1, text
    browser.call("Emulation.setEmulatedMedia", media="print")
    colours = browser.js("[document.body, document.querySelector('#details')].map(e => getComputedStyle(e).color)")
    assert colours == ["rgb(23, 32, 43)"] * 2
    browser.call("Emulation.setEmulatedMedia", media="")


def picture(width, height):
    """A PNG of one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x30\x60\x90" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Held(dict):
    """An OutputReader of values in memory."""

    def missing(self, keys):
        return {key for key in keys if key not in self}

    def load(self, key):
        return self[key]

    def meta(self, key):
        return {"size": 100}


@pytest.fixture
def with_outputs(folder, make_conf):
    """The report of a run with outputs of each kind, a long name, and many failures with long tracebacks and logs."""
    pd = pytest.importorskip("pandas")
    wide = pd.DataFrame({f"column number {n} of many": [f"cell {n} " + "x" * 40] * 3 for n in range(12)})
    outputs = {
        "Text()": "unbroken" * 100 + " end of the text",
        "Mapping()": {"r2": 0.5, "names": ["the only mapping"]},
        "Table()": wide,
        "Picture(数据 🎉)": picture(2400, 1600),
        f"Long({'n' * 200})": "the long one",
    }
    failed = [f"Bad({n})" for n in range(25)]
    conf = make_conf({name: ({"path": "p" * 150}, []) for name in (*outputs, *failed)})
    folder.write_pipeline(conf)
    for name in outputs:
        folder.event("task_finished", task=name, attempt=1, status="SUCCESS", size=100, cpu=1.5, max_rss=1 << 30)
    for name in failed:
        log = folder.task_log(name)
        log.log("".join(f"log line {n} of {name}\n" for n in range(30)))
        log.close()
        traceback = "".join(f"frame {n} of {name}\n" for n in range(50))
        facts = {"error": f"ValueError {'e' * 200}", "traceback": traceback, "log": log.file}
        folder.event("task_finished", task=name, attempt=1, status="FAILURE", reason="entry missing", **facts)
    folder.finish()
    store = Held({f"{name}/{conf['tasks'][name]['hash']}": value for name, value in outputs.items()})
    return write_report(PipelineResult(conf, store, run_folder=folder.path))


@needs_poppler
@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 390)])
def test_outputs_and_failures_stand_on_paper_once_and_fit(browser, with_outputs, tmp_path, dark, width):
    browser.open(with_outputs, width, dark=dark)
    assert browser.complaints() == []
    assert browser.js("document.documentElement.scrollWidth") == width
    assert browser.js("document.querySelector('#paper').offsetHeight") == 0
    assert browser.js("document.querySelectorAll('#failures li:not(.on-paper)').length") == 20
    text = "".join(printed(browser, tmp_path / "it.pdf"))
    once = ["end of the text", "the only mapping", "cell 7", "3 rows, 12 columns", "the long one"]
    once += [f"{what} of Bad({n})" for n in (0, 24) for what in ("frame 0", "frame 49", "log line 29")]
    counts = {part: " ".join(text.split()).count(part) for part in once}
    assert counts == {part: 3 if part == "cell 7" else 1 for part in once}  # as many as the table has rows
    boxes = subprocess.run(["pdftotext", "-bbox", tmp_path / "it.pdf", "-"], capture_output=True, text=True, check=True)
    [page] = {float(found) for found in re.findall(r'<page width="([\d.]+)"', boxes.stdout)}
    assert max(float(found) for found in re.findall(r'xMax="([\d.]+)"', boxes.stdout)) < page
    images = subprocess.run(["pdfimages", "-list", tmp_path / "it.pdf"], capture_output=True, text=True, check=True)
    [drawn] = [line.split() for line in images.stdout.splitlines()[2:] if line.split()[3] == "2400"]
    assert 2400 / int(drawn[12]) * 72 < page
