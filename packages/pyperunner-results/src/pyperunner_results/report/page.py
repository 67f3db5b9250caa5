"""Page of the report, put together."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from functools import lru_cache
from html import escape
from pkgutil import get_data
from typing import TYPE_CHECKING

from pyperunner_results.errors import NotARun
from pyperunner_results.files import replace_file
from pyperunner_results.former_names import formerly
from pyperunner_results.reading.pipeline_result import PipelineResult
from pyperunner_results.report.columns import pack
from pyperunner_results.report.data import report_data
from pyperunner_results.run_files import REPORT_FILE
from pyperunner_results.strict_json import to_json
from pyperunner_text.gc_paused import gc_paused
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["write_report"]

_SCRIPTS = ("dom", "format", "model", "layout", "summary", "details", "boxes", "graph", "gantt", "table", "main")
# In JSON these signs stand in texts only, and there the escape means the same; without them no text can end the
# element that holds the data.
_MARKUP = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@formerly("_report._write")
def write_report(
    run: str | os.PathLike[str] | PipelineResult, *, outputs: bool = True, secrets: Iterable[object] = ()
) -> str:
    """Write ``report.html`` into a run folder and return its path.

    The page is complete in itself. Its content-security policy allows its own style and script, by their hashes, and
    nothing else. What comes from the run lies in it as data and is shown as text only.

    Args:
        run: The folder of a run, or its results; a run that is going on or was interrupted is shown as far as it got.
            Of a folder plain outputs are shown alone; those of results as these may be loaded.
        outputs: Whether small outputs, the beginning of tables, and pictures are shown; never those of tasks that were
            given a secret, nor of what follows.
        secrets: Values for which ``***`` stands in outputs, beside those of secrets that the run reads from variables.

    Raises:
        NotARun: The folder holds no run, or the results are not those of a run folder.
        YamlError: Its ``pipeline.yaml`` is malformed or refused.
        OSError: The report cannot be written.
    """
    with gc_paused():
        results = run if isinstance(run, PipelineResult) else PipelineResult.from_file(run, trust="safe")
        if results.run_folder is None:
            raise NotARun(results.name, "there is no run folder into which a report could be written")
        path = os.path.join(results.run_folder, REPORT_FILE)
        page = _page(report_data(results, outputs=outputs, secrets=secrets))
    replace_file(path, page.encode())
    return path


def _page(data: dict[str, Any]) -> str:
    template, style, script = _assets()
    pictures = "img-src data:; " if any("picture" in shown for shown in data["outputs"].values()) else ""
    policy = (
        f"default-src 'none'; {pictures}style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    values = {
        "policy": escape(policy),
        "title": escape(f"{visible(data['pipeline'])}: {data['state']}"),
        "style": style,
        "script": script,
        "data": to_json({**data, "tasks": pack(data["tasks"])}).translate(_MARKUP),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


@lru_cache(maxsize=1)
def _assets() -> tuple[str, str, str]:
    script = '"use strict";\n(() => {\n' + "\n".join(_asset(f"{name}.js") for name in _SCRIPTS) + "})();\n"
    return _asset("report.html"), _asset("report.css"), script


def _asset(name: str) -> str:
    return (get_data(__name__, f"assets/{name}") or b"").decode()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
