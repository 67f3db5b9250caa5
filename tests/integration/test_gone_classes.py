"""Outputs of classes that are gone: every surface says that, and none that they are damaged."""

from __future__ import annotations

import pytest

MODELS = """
    import dataclasses, enum
    @dataclasses.dataclass
    class Plain:
        w: int
    class Pickled:
        def __init__(self, w):
            self.w = w
    class Kind(enum.Enum):
        A = 1
"""
FLOW = """
    import models
    from pyperunner import Pipeline, task

    @task("Plain")
    def plain():
        return getattr(models, "Plain")(1)

    @task("Pickled")
    def pickled():
        return [getattr(models, "Pickled")(2)]

    @task("Kind")
    def kind():
        return getattr(models, "Kind").A

    @task("Use")
    def use(data, k: int = 1):
        return k

    made = [plain(), pickled(), kind()]
    use()(made)
    pipeline = Pipeline("p", made)
"""


@pytest.fixture
def gone(project):
    """A project whose stored outputs are of classes that have got other names since."""
    project.write("models.py", MODELS)
    project.write("flow.py", FLOW)
    project.command("run", "flow.py", "--no-report")
    project.command("run", "flow.py", "--no-report", "--force")
    text = (project.folder / "models.py").read_text()
    project.write("models.py", text.replace("class ", "class New"))
    return project


def said(project, *arguments):
    process = project.start("-m", "pyperunner_cli", *arguments)
    out, err = process.communicate(timeout=60)
    assert "amaged" not in out + err
    assert "Traceback" not in out + err
    return process.returncode, out, err


@pytest.mark.parametrize("name", ["Plain", "Pickled", "Kind"])
def test_it_is_said_of_an_output(gone, name):
    code, out, err = said(gone, "results", "latest", f"{name}()")
    assert (code, out) == (2, "")
    assert "cannot be loaded from the store" in err
    assert f"it holds a models.{name}, which is gone" in err


def test_every_other_surface_says_so_or_needs_no_output(gone):
    code, out, err = said(gone, "debug", "latest", "Use()")
    assert (code, "it holds a models.Plain, which is gone" in err) == (2, True)
    assert said(gone, "results", "latest")[1].count("stored") == 4
    assert said(gone, "plan", "flow.py")[1].splitlines()[-1] == "4 of 4 tasks to execute"
    assert "class Plain in models.py removed" in said(gone, "explain", "flow.py", "Plain()")[1]
    code, out, err = said(gone, "diff", *sorted(path.name for path in gone.folder.glob("pyperunner-runs/*")))
    assert code == 0
    assert said(gone, "table", "latest", "--show", "Plain().w")[0] == 0
    assert said(gone, "report", "latest")[0] == 0
    assert said(gone, "cache", "ls")[0] == 0
    probe = (
        "import sys, warnings; warnings.simplefilter('ignore')\nfrom pyperunner import PipelineResult\n"
        "try: PipelineResult.from_file(sys.argv[1])['Pickled()']\nexcept KeyError as error: print(error)"
    )
    [run] = [str(path) for path in gone.folder.glob("pyperunner-runs/*")][-1:]
    process = gone.start("-c", probe, run)
    out, err = process.communicate(timeout=60)
    assert "it holds a models.Pickled, which is gone" in out
    assert "amaged" not in out + err
