"""Writing of exported runs: a crate as a folder, PROV as a file; whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyperunner_results.exporting.prov import prov_document
from pyperunner_results.exporting.ro_crate import METADATA_FILE, crate_metadata, record_files
from pyperunner_results.reading.pipeline_result import PipelineResult

if TYPE_CHECKING:
    Format = Literal["ro-crate", "prov"]

__all__ = ["export_run"]


def export_run(
    run: PipelineResult | str | os.PathLike[str],
    target: str | os.PathLike[str],
    format: Format = "ro-crate",  # noqa: A002 - as the command calls it
    *,
    license: str = "",  # noqa: A002
) -> str:
    """Write the record of a run in a form that other programs read, and return where.

    Args:
        run: A run: its results or its folder.
        target: A folder for ``"ro-crate"``, which is made; a file for ``"prov"``.
        format: ``"ro-crate"`` (Provenance Run Crate 0.5) or ``"prov"`` (PROV-JSON).
        license: Of the crate, as a URL or in words.

    Raises:
        NotARun: It is no run, or has no record.
        FileExistsError: There is something at ``target``.
        ValueError: The format is another one.
    """
    results = run if isinstance(run, PipelineResult) else PipelineResult.from_file(run)
    path = Path(target).absolute()
    if format not in ("ro-crate", "prov"):
        raise ValueError(f"a run is exported as 'ro-crate' or 'prov', not as {format!r}")
    if os.path.lexists(path):
        raise FileExistsError(f"{path} is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "prov":
        _write_file(path, prov_document(results))
    else:
        _write_crate(path, results, license)
    return str(path)


def _write_file(path: Path, document: Mapping[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(_as_json(document), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_crate(path: Path, results: PipelineResult, license: str) -> None:  # noqa: A002
    metadata = crate_metadata(results, license)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        for file in record_files(results):
            (temporary / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(results.run_folder or "", file), temporary / file, follow_symlinks=False)
        (temporary / METADATA_FILE).write_text(_as_json(metadata), encoding="utf-8")
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _as_json(document: Mapping[str, Any]) -> str:
    # ASCII alone: what a terminal takes for a command stays letters wherever the file is shown.
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"
