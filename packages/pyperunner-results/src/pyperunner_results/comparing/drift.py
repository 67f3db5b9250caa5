"""Drift: how far this process and its files have moved away from what a run recorded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyperunner_results.comparing.comparison import changes, environment_of
from pyperunner_results.comparing.run_diff import section
from pyperunner_results.former_names import formerly
from pyperunner_results.shape import as_mapping
from pyperunner_results.writing.environment import file_digest, get_environment_info
from pyperunner_results.writing.run_section import run_section
from pyperunner_text import __version__

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult

__all__ = ["drift"]

_PLACES = ("data_path", "log_path", "base_dir", "mainfile")
"""Where a run was started from and what it wrote to may differ without meaning anything."""


@formerly("_drift")
def drift(results: PipelineResult) -> list[str]:
    """Say what differs now from what a run recorded: packages, source files, host, Python, git.

    Args:
        results: The recorded run.

    Returns:
        Lines for people, none if nothing differs.
    """
    recorded = as_mapping(results.conf.get("run"))
    now = run_section("", "", get_environment_info(), __version__)
    old_packages, old_sources, old_rest = environment_of(recorded)
    new_packages, _, new_rest = environment_of(now)
    new_sources = {name: file_digest(os.path.join(results.base_dir, name)) for name in old_sources}
    rest = changes(
        {name: value for name, value in old_rest.items() if name not in _PLACES},
        {name: value for name, value in new_rest.items() if name not in _PLACES},
    )
    return [
        *section("packages", changes(old_packages, new_packages)),
        *section("sources", changes(old_sources, new_sources), 12),
        *section("environment", rest),
    ]
