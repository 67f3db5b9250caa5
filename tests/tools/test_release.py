"""A release: what keeps it back, and the order in which its distributions are uploaded."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from checks.release import flaws_of, named_in, upload_order

METADATA = """Metadata-Version: 2.4
Name: pyperunner-runner
Version: 1.2.3
Summary: Runs
License-Expression: Apache-2.0
Requires-Python: >=3.10
Description-Content-Type: text/markdown
Requires-Dist: pyperunner-dag[png]==1.2.3
Requires-Dist: pyperunner-cache==1.2.3 ; sys_platform == 'linux'
Requires-Dist: pyperunner-cli==9 ; extra == 'all'
Requires-Dist: psutil>=5.9

Body
"""
FILES = ("pyperunner_runner/__init__.py", "pyperunner_runner/py.typed")


@pytest.fixture
def distributions(tmp_path):
    def make(metadata=METADATA, files=FILES, sources=FILES, licence="LICENSE"):
        wheel, source = (
            tmp_path / "pyperunner_runner-1.2.3-py3-none-any.whl",
            tmp_path / "pyperunner_runner-1.2.3.tar.gz",
        )
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in files:
                archive.writestr(name, "")
            archive.writestr("pyperunner_runner-1.2.3.dist-info/METADATA", metadata)
            archive.writestr(f"pyperunner_runner-1.2.3.dist-info/licenses/{licence}", "")
        with tarfile.open(source, "w:gz") as archive:
            for name in sources:
                archive.addfile(tarfile.TarInfo(f"pyperunner_runner-1.2.3/src/{name}"), io.BytesIO())
        return wheel, source

    return make


def test_what_is_as_it_must_be_has_no_flaw(distributions):
    flaws, required = flaws_of(*distributions(), "1.2.3")
    assert flaws == []
    assert required == {"pyperunner-dag": "==1.2.3", "pyperunner-cache": "==1.2.3"}


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"metadata": METADATA.replace("Version: 1.2.3", "Version: 1.2.4")}, "its version is 1.2.4, not 1.2.3"),
        ({"metadata": METADATA.replace("Summary: Runs\n", "")}, "its metadata has no Summary"),
        ({"metadata": METADATA.replace("png]==1.2.3", "png]==1.2.2")}, "requires pyperunner-dag==1.2.2, not 1.2.3"),
        ({"metadata": METADATA.replace("png]==1.2.3", "png]")}, "requires pyperunner-dag, not 1.2.3"),
        ({"files": FILES[:1]}, "it has no py.typed"),
        ({"licence": "NOTICE"}, "it has no LICENSE"),
        ({"sources": FILES[1:]}, "pyperunner_runner/__init__.py is not in the source distribution"),
    ],
)
def test_what_is_not_keeps_it_back(distributions, changed, flaw):
    [found], _ = flaws_of(*distributions(**changed), "1.2.3")
    assert flaw in found


def test_a_source_distribution_that_is_not_there_is_missed(distributions):
    wheel, source = distributions()
    source.unlink()
    assert flaws_of(wheel, source, "1.2.3")[0] == ["there is no source distribution beside it"]


def test_each_comes_after_what_it_requires():
    requirements = {"d": {"b": "", "c": ""}, "c": {"a": ""}, "b": {"a": ""}, "a": {}}
    order = upload_order(requirements)
    assert sorted(order) == ["a", "b", "c", "d"]
    assert all(order.index(name) > order.index(other) for name in requirements for other in requirements[name])


@pytest.mark.parametrize(
    ("changelog", "there"),
    [
        ("## 1.2.3\n", True),
        ("## 1.2.3 (today)\n", True),
        ("## 1.2.30\n", False),
        ("1.2.3", False),
        ("## Unreleased", False),
    ],
)
def test_the_changelog_names_the_version(changelog, there):
    assert named_in(changelog, "1.2.3") is there
