"""A worker elsewhere: another environment, another folder, namespaces of its own; nothing of the project is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

FLOW = """
import json
import sys

from mine.places import place, stay
from pyperunner_dag import Pipeline, open_store
from pyperunner_runner import Runner

if __name__ == "__main__":
    url, options, address, folder = json.loads(sys.argv[1])
    ended = []
    runner = Runner(
        open_store(url, **options),
        folder + "/log",
        hooks=[lambda event: ended.append(event.task) if type(event).__name__ == "TaskFinished" else None],
        executor="dask",
        executor_options={"address": address, "lease": 5},
    )
    firsts = [stay(str(number), number=number) for number in range(6)]
    lasts = [place(str(number))(first) for number, first in enumerate(firsts)]
    runner.run(Pipeline("p", firsts), raise_on_failure=True)
    said = [runner.results().task(first.name) for first in firsts]
    print(json.dumps({
        "values": [last.output[0] for last in lasts],
        "places": [last.output[1] for last in lasts],
        "lines": [open(each.log_file).read().count("stays in") for each in said],
        "ended": ended,
    }))
"""

PLACES = """
import os
import sys
import time

from mine.numbers import FACTOR
from pyperunner_dag import task


@task("Stay")
def stay(number):
    print("stays in", os.getcwd())
    time.sleep(0.3)
    return number * FACTOR


@task("Place")
def place(data):
    time.sleep(0.3)
    project = os.path.exists(os.environ["PROJECT_OF_TEST"] + "/flow.py")
    return data[0], [sys.prefix, project, os.readlink("/proc/self/ns/pid")]
"""


@pytest.fixture
def elsewhere(tmp_path):
    """How a Python is started in another environment and in namespaces of its own, where the project is not."""
    project = tmp_path / "project"
    (project / "mine").mkdir(parents=True)
    (project / "flow.py").write_text(FLOW, encoding="utf-8")
    (project / "mine" / "__init__.py").write_text("", encoding="utf-8")
    (project / "mine" / "numbers.py").write_text("FACTOR = 10\n", encoding="utf-8")
    (project / "mine" / "places.py").write_text(PLACES, encoding="utf-8")
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    (site,) = environment.glob("lib/python*/site-packages")
    installed = sysconfig.get_paths()["purelib"]
    (site / "others.pth").write_text(f"import site; site.addsitedir({installed!r})\n", encoding="utf-8")
    unshare = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
    hidden = ["sh", "-c", f'mount -t tmpfs none "{project}" && exec "$@"', "sh"]
    if os.geteuid() != 0 or subprocess.run([*unshare, *hidden, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs root, and the right to make namespaces")
    return [*unshare, *hidden, str(environment / "bin" / "python")]


@pytest.mark.long
@pytest.mark.root
@pytest.mark.parametrize("nanny", [False, True], ids=["alone", "nanny"])
@pytest.mark.parametrize("store", ["shared folder", "S3"])
def test_a_worker_without_the_project_carries_out_its_tasks(request, elsewhere, cluster, tmp_path, store, nanny):
    url, options = str(tmp_path / "data"), {}
    if store == "S3":
        url, storage_options = request.getfixturevalue("s3")
        options = {"storage_options": storage_options}
    else:
        (tmp_path / "data").mkdir()
    variables = {"PROJECT_OF_TEST": str(tmp_path / "project")}
    cluster.add("here", threads=1, env=variables)
    cluster.add("there", threads=1, env=variables, nanny=nanny, python=elsewhere)
    for name in ("here", "there"):
        cluster.wait_for_worker(name)
    given = json.dumps([url, options, cluster.address, str(tmp_path)])
    command = [sys.executable, "flow.py", given]
    done = subprocess.run(command, cwd=tmp_path / "project", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["values"] == [0, 10, 20, 30, 40, 50]
    assert found["lines"] == [1] * 6
    assert len(found["ended"]) == len(set(found["ended"])) == 12
    own = str(Path("/proc/self/ns/pid").readlink())
    for prefix, has_the_project, namespace in found["places"]:
        there = Path(prefix) == tmp_path / "environment"
        assert has_the_project is not there
        assert (namespace != own) is there
    assert len({tuple(map(str, place)) for place in found["places"]}) == 2, "both workers had some of them"
