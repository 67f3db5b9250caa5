"""The runner works with a store that it has never heard of, with the cache out of reach."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

FLOW = """
import importlib.abc, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pyperunner_cache", "msgpack", "isal"):
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Blocker())

from pyperunner import Pipeline, PipelineResult, Runner, task

@task("One")
def one(n):
    open("trace", "a").write("one ")
    return n

@task("Two")
def two(data, scale):
    open("trace", "a").write("two ")
    return [value * scale for value in data]

first = one(n=20)
last = two(scale=2)(first)
runner = Runner(f"disk://host{sys.argv[1]}", "logs", executor=sys.argv[2])
runner.run(Pipeline("p", [first]), raise_on_failure=True)
print(last.output, last.status.name)
print(PipelineResult.from_file(runner.pipeline_params_filename())["Two()"])
print("pyperunner_cache" in sys.modules)
"""


@pytest.mark.parametrize("executor", ["process", "inline"])
def test_a_store_registered_by_an_entry_point(project, executor):
    """Found by its URL scheme, reopened in each child, used by the results; the second run executes nothing."""
    project.install_store()
    flow = project.write("flow.py", FLOW)
    first = project.python(flow, project.folder / "store", executor)
    assert first.splitlines() == ["[40] SUCCESS", "[40]", "False"]
    second = project.python(flow, project.folder / "store", executor)
    assert second.splitlines() == ["[40] SKIPPED", "[40]", "False"]
    assert (project.folder / "trace").read_text() == "one two "


BACKEND_FLOW = FLOW.partition("sys.meta_path")[2].partition("\n")[2].replace("disk://host", "flat:")


@pytest.mark.parametrize("executor", ["process", "inline"])
def test_a_backend_brings_its_store(project, executor):
    """Only the backend is registered, not a store for its scheme: runs, children and results find it all the same."""
    example = Path(__file__).parents[2] / "docs" / "examples" / "flat_backend.py"
    project.write("flat_backend.py", example.read_text())
    project.write("flat-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: flat\nVersion: 1.0\n")
    project.write("flat-1.0.dist-info/entry_points.txt", "[pyperunner.backends]\nflat = flat_backend:FlatBackend\n")
    flow = project.write("flow.py", f"import sys\n{BACKEND_FLOW}")
    for status in ("SUCCESS", "SKIPPED"):
        told = project.python(flow, project.folder / "store", executor).splitlines()
        assert told[:2] == [f"[40] {status}", "[40]"]


def test_a_broken_plugin_breaks_no_other(project):
    """A store that does not import: its own URLs fail with its name and its distribution's, others work."""
    project.install_store()
    project.write("broken-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: broken\nVersion: 2.0\n")
    project.write("broken-2.0.dist-info/entry_points.txt", "[pyperunner.stores]\nbroken = broken_store:Store\n")
    project.write("broken_store.py", "raise RuntimeError('out of order')\n")
    flow = project.write("flow.py", FLOW)
    assert project.python(flow, project.folder / "store", "process").startswith("[40] SUCCESS")
    code = "from pyperunner import Runner\ntry: Runner('broken://x', 'logs')\nexcept Exception as e: print(e)"
    told = project.python("-c", code)
    for word in ("broken", "out of order"):
        assert word in told
    unknown = project.python("-c", code.replace("broken://", "nosuch://"))
    for word in ("nosuch", "disk", "file", "sqlite"):
        assert word in unknown


def test_without_any_store_the_error_says_what_to_install(project):
    """A site without the cache: the package to install is named, before anything runs."""
    site = project.folder / "site"
    site.mkdir()
    for installed in Path(sysconfig.get_path("purelib")).iterdir():
        if not installed.name.startswith(("pyperunner_cache", "__editable__")):
            (site / installed.name).symlink_to(installed)
    packages = Path(__file__).parents[2] / "packages"
    wanted = ("", "-dag", "-keys", "-results", "-runner", "-text")
    paths = [*(str(packages / f"pyperunner{part}" / "src") for part in wanted), str(site)]
    code = f"""if True:
        import sys
        sys.path += {paths!r}
        from pyperunner import Runner
        try:
            Runner("data", "logs")
        except ImportError as error:
            print(error)
    """
    assert "pyperunner-cache" in project.python("-S", "-c", code)
    assert not (project.folder / "data").exists()
