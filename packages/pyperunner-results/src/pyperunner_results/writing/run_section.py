"""Section ``run`` of ``pipeline.yaml``: where, with what and by which version a pipeline was run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyperunner_results.credentials import strip_credentials, strip_options
from pyperunner_results.former_names import formerly
from pyperunner_text.urls import scheme_of

if TYPE_CHECKING:
    from pyperunner_results.schema import Environment, RunSection

__all__ = ["run_section"]


@formerly("_run_section")
def run_section(
    data_path: str | os.PathLike[str],
    log_path: str | os.PathLike[str],
    env: Environment,
    version: str,
    storage_options: Mapping[str, object] | None = None,
    stores: Mapping[str, str] | None = None,
) -> RunSection:
    """Return the section: ``{data_path, log_path, host: {hostname, os, python}, env, pyperunner}``.

    It has ``storage_options`` and ``stores``, too, if there are any.

    Args:
        data_path: Folder or URL of the store; recorded as an absolute real path, or without its credentials.
        log_path: Folder of run folders.
        env: What :func:`get_environment_info` said.
        version: Version of pyperunner.
        storage_options: What a remote store was opened with; recorded without what may be a secret.
        stores: Of tasks that have a store of their own, where it is; recorded as ``data_path`` is.
    """
    hostname, system = _host()
    section: RunSection = {
        "data_path": _recorded(data_path),
        "log_path": os.path.realpath(os.fspath(log_path)),
        "host": {
            "hostname": hostname,
            "os": system,
            "python": ".".join(map(str, sys.version_info[:3])),
        },
        "env": env,
        "pyperunner": version,
    }
    options = strip_options(storage_options or {})
    if options:
        section["storage_options"] = options
    if stores:
        section["stores"] = {name: _recorded(place) for name, place in stores.items()}
    return section


def _host() -> tuple[str, str]:
    """Return the name of this machine, and of its system with its release."""
    if hasattr(os, "uname"):  # all that platform asks, whose import takes longer
        system = os.uname()
        return system.nodename, f"{system.sysname} {system.release}"
    import platform

    return platform.node(), f"{platform.system()} {platform.release()}"


def _recorded(place: str | os.PathLike[str]) -> str:
    text = os.fspath(place)
    is_path = scheme_of(text) == "file" and not text.lower().startswith("file:")
    return os.path.realpath(text) if is_path else strip_credentials(text)
