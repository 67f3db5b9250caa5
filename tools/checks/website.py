"""The site: its builder, in an environment of its own, and the check that no link in it is dead."""

from __future__ import annotations

import tempfile
from pathlib import Path

from checks.environment import ROOT, Workshop, sync
from checks.process import Completed, Outcome, run

__all__ = ["build", "site"]


def build(uv: str, folder: Path) -> Completed:
    """Build the site into a folder, strictly: a page that is not in the contents or a dead link is an error.

    Args:
        uv: Path of uv.
        folder: Where to write it; what is there goes.

    Raises:
        EnvironmentFailure: The builder could not be installed.
    """
    python = sync(uv, ".venv-site", "--no-default-groups", "--group", "site")
    config = ROOT / "tools" / "website" / "mkdocs.yml"
    # Material for MkDocs announces its successors on stderr, in every build.
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    command = [python, "-m", "mkdocs", "build", "--quiet", "--strict", "--config-file", config, "--site-dir", folder]
    return run(command, quiet)


def site(shop: Workshop) -> Outcome:
    """The site builds, no link in it is dead, and every public name is in its reference."""
    with tempfile.TemporaryDirectory(prefix="site ") as folder:
        return build(shop.uv, Path(folder)).outcome
