"""How far this process and its files have moved away from what a run recorded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._diff import changes, environment_of
from ._diff_text import section
from ._environment import file_digest, get_environment_info
from ._run_section import run_section
from ._shape import as_mapping

if TYPE_CHECKING:
    from ._pipeline_result import PipelineResult

__all__ = ["drift"]

_PLACES = ("data_path", "log_path", "base_dir", "mainfile")
"""Where a run was started from and what it wrote to may differ without meaning anything."""


def drift(results: PipelineResult) -> list[str]:
    """Say what differs now from what a run recorded: packages, source files, host, Python, git.

    Args:
        results: The recorded run.

    Returns:
        Lines for people, none if nothing differs.
    """
    from . import __version__

    recorded = as_mapping(results.conf.get("run"))
    now = run_section("", "", get_environment_info(), __version__)
    old_packages, old_sources, old_rest = environment_of(recorded)
    new_packages, _, new_rest = environment_of(now)
    base = str(as_mapping(recorded.get("env")).get("base_dir") or "")
    new_sources = {name: file_digest(os.path.join(base, name)) for name in old_sources}
    rest = changes(
        {name: value for name, value in old_rest.items() if name not in _PLACES},
        {name: value for name, value in new_rest.items() if name not in _PLACES},
    )
    return [
        *section("packages", changes(old_packages, new_packages)),
        *section("sources", changes(old_sources, new_sources), 12),
        *section("environment", rest),
    ]
