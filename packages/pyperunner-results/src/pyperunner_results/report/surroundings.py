"""Facts about the surroundings of a run, the small print of a report: host, versions, paths, git, packages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyperunner_results.shape import as_mapping, as_mappings
from pyperunner_text.visible import visible

__all__ = ["facts_of", "packages_of"]

_PACKAGES = 1000


def facts_of(conf: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return label and text of what is known about the run's surroundings."""
    run = as_mapping(conf.get("run"))
    host, env = as_mapping(run.get("host")), as_mapping(run.get("env"))
    facts = [
        ("Host", host.get("hostname")),
        ("System", host.get("os")),
        ("Python", host.get("python")),
        ("pyperunner", run.get("pyperunner")),
        ("Main file", env.get("mainfile")),
        ("Folder", env.get("base_dir")),
        ("Data path", run.get("data_path")),
        ("Log path", run.get("log_path")),
    ]
    for repository in as_mappings(env.get("repositories")):
        if repository.get("commit"):
            changed = ", with changes" if repository.get("dirty") else ""
            facts.append(("Git", f"{str(repository['commit'])[:12]}{changed} {repository.get('url') or ''}".strip()))
    return [(label, visible(str(text))) for label, text in facts if text]


def packages_of(conf: Mapping[str, Any]) -> list[str]:
    """Return name and version of the installed distributions."""
    env = as_mapping(as_mapping(conf.get("run")).get("env"))
    found = as_mappings(env.get("dependencies"))[:_PACKAGES]
    return [visible(f"{item.get('name')} {item.get('version')}") for item in found]
