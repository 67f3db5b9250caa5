"""The site: its builder, in an environment of its own, and the check that no link in it is dead."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from checks.environment import ROOT, Workshop, sync
from checks.process import Completed, Outcome, run

__all__ = ["NAMES", "build", "referred_to", "site"]

NAMES = ROOT / "tests" / "data" / "public_names.txt"
"""A line for each public name."""


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
        built = build(shop.uv, Path(folder))
        return built.outcome if built.code else built.outcome + referred_to(Path(folder))


def referred_to(folder: Path) -> Outcome:
    """Look for each public name of the packages, and for each method, in the reference of a site.

    Args:
        folder: Where the site was built.
    """
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted(folder.glob("reference/*.html")))
    anchors = set(re.findall(r'\bid="([^"]+)"', pages))
    members = {anchor.split(".", 1)[-1] for anchor in anchors}  # of a class that another package shows, too
    names, missing = set(), []
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        name, _, takes = line.partition("(")
        owner, _, own = name.rpartition(".")
        is_member = owner.rpartition(".")[2][:1].isupper()
        if own != "__version__" and (takes.startswith(("self,", "self)")) or not is_member):
            names.add(name)
            if name not in anchors and not (is_member and name.split(".", 1)[1] in members):
                missing.append(f"{name} is not in the reference of the site")
    return Outcome("\n".join(missing), passed=len(names) - len(missing), failed=len(missing))
