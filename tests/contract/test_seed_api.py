"""Every class, method and attribute of the first version's documentation, by its signature, driven as it describes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml

import pyperunner
from pyperunner import Pipeline, PipelineResult, Runner, Sequential, Task, TaskError

# name of the class -> method -> its parameters, as documented; a value is the default
REQUIRED = object()
API = {
    "Task": {
        "__init__": {"tag": "", "reload": False},
        "assert_params_complete": {},
        "description": {},
        "hash": {},
        "load_output": {},
        "output_exists": {},
        "output_filename": {"filename": "result.dump.gz"},
        "set_data_path": {"path": REQUIRED},
        "set_output": {"output": REQUIRED},
        "set_reload": {"reload": REQUIRED},
        "should_run": {},
        "store_output": {"output": REQUIRED},
    },
    "Pipeline": {
        "__init__": {"name": REQUIRED, "tasks": None},
        "add": {"task": REQUIRED},
        "set_tasks": {"tasks": REQUIRED},
        "from_dict": {"pipeline_dict": REQUIRED, "compare_hashes": True},
        "from_file": {"filename": REQUIRED, "compare_hashes": True},
        "set_results": {"results": REQUIRED},
        "create_graph": {},
        "summary": {"print_fn": print},
        "to_dict": {},
        "to_file": {"filename": REQUIRED},
        "results": {},
        "plot_graph": {"fname": REQUIRED},
    },
    "Sequential": {
        "__init__": {"name": REQUIRED, "tasks": None},
        "add": {"task": REQUIRED},
        "set_tasks": {"tasks": REQUIRED},
    },
    "Runner": {
        "__init__": {"data_path": REQUIRED, "log_path": REQUIRED, "process_limit": None},
        "analyze_pipeline": {"force_reload": False},
        "assert_valid_pipeline": {},
        "dequeue": {},
        "execution_plan_summary": {"print_fn": None},
        "finish_tasks": {},
        "generate_run_name": {},
        "get_predecessor_outputs": {"task": REQUIRED},
        "log_exception": {"result": REQUIRED},
        "pipeline_params_filename": {},
        "process_task_result": {"task": REQUIRED, "result": REQUIRED},
        "queue_tasks": {"force_reload": False},
        "results": {},
        "run": {"pipeline": None, "force_reload": False, "show_execution_plan": False},
        "save_pipeline_params": {},
        "set_pipeline": {"pipeline": REQUIRED},
        "skip_task": {"task": REQUIRED},
        "start_task": {"task": REQUIRED},
        "validate_pipeline": {"pipeline": REQUIRED},
    },
    "PipelineResult": {
        "__init__": {"conf": REQUIRED, "data_path": ""},
        "from_file": {"filename": REQUIRED},
        "set_data_path": {"data_path": REQUIRED},
    },
}
STATIC = {("Pipeline", "from_dict"), ("Pipeline", "from_file"), ("Runner", "validate_pipeline")} | {
    ("PipelineResult", "from_file")
}
MEMBERS = [(owner, method) for owner, methods in API.items() for method in methods]


@pytest.mark.parametrize(("owner", "method"), MEMBERS, ids=lambda part: part)
def test_signatures(owner, method):
    """Each documented method exists; its parameters come first, in order, by name, with the documented defaults."""
    cls = getattr(pyperunner, owner)
    static = isinstance(inspect.getattr_static(cls, method), staticmethod)
    assert static is ((owner, method) in STATIC)
    parameters = list(inspect.signature(getattr(cls, method)).parameters.values())
    if not static:
        parameters = parameters[1:]
    documented = API[owner][method]
    assert [parameter.name for parameter in parameters[: len(documented)]] == list(documented)
    for parameter in parameters[: len(documented)]:
        default = documented[parameter.name]
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default == (parameter.empty if default is REQUIRED else default)
    for added in parameters[len(documented) :]:
        assert added.default is not added.empty or added.kind in (added.VAR_KEYWORD, added.VAR_POSITIONAL)


def test_the_outcome_of_a_task_has_the_documented_signature():
    """`Task.TaskResult(status, output, exception=None, traceback='')`, with these four attributes."""
    parameters = inspect.signature(Task.TaskResult).parameters
    assert list(parameters)[:4] == ["status", "output", "exception", "traceback"]
    assert parameters["exception"].default is None
    assert parameters["traceback"].default == ""


def test_run_is_abstract_and_task_is_no_class_to_be_made():
    """`Task.run` must be implemented."""
    assert "run" in Task.__abstractmethods__
    with pytest.raises(TypeError):
        Task()


def test_a_sequential_is_a_pipeline():
    """And so has all of its methods."""
    assert issubclass(Sequential, Pipeline)


# --- the documentation's own script


def test_the_script_of_the_first_documentation_runs_unchanged(project):
    """Hello by the decorator, World by the class, one after the other, results by name."""
    project.write(
        "script.py",
        """
        from pyperunner import Task, task, run, Runner, Pipeline, Sequential, PipelineResult

        @task("Hello")
        def hello():
            print("in hello()")
            return "Hello"

        class World(Task):
            @run
            def run(self, data):
                return f"{data} world"

        if __name__ == "__main__":
            hello = hello()
            world = World()
            pipeline = Sequential("hello-world-example", [hello, world])
            pipeline.summary()
            runner = Runner(data_path="data/", log_path="log/")
            runner.run(pipeline)
            for task_name in pipeline.results():
                print(f"Output of task '{task_name}' was: {pipeline.results()[task_name]}")
            print(type(runner.results()).__name__)
        """,
    )
    out = project.python("script.py")
    assert "Output of task 'Hello()' was: Hello" in out
    assert "Output of task 'World()' was: ['Hello'] world" in out
    (saved,) = (project.folder / "log").glob("hello-world-example_*/pipeline.yaml")
    read = f"import pyperunner as p; print(p.PipelineResult.from_file({str(saved)!r})['World()'])"
    assert project.python("-c", read) == "['Hello'] world"
    again = f"import pyperunner as p; print(len(p.Pipeline.from_file({str(saved)!r})))"
    assert project.python("-c", again) == "2"


# --- Task, method by method


def test_assert_params_complete(kit):
    """Raises as the constructor does when params were changed behind its back; else returns None."""
    task = kit.task("a")
    assert task.assert_params_complete() is None
    task.params["surplus"] = 1
    with pytest.raises(TaskError, match="surplus"):
        task.assert_params_complete()
    with pytest.raises(TypeError):
        task.assert_params_complete()


def test_should_run(kit):
    """By whether there is an output; `reload=True` always."""
    task = kit.task("a")
    task.set_data_path(kit.data_path)
    assert task.should_run() is True
    task.store_output(1)
    assert task.should_run() is False
    task.set_reload(True)
    assert task.should_run() is True
    assert kit.task("b", reload=True).should_run() is True


def test_set_output(kit):
    """The output is what was set."""
    task = kit.task("a")
    assert task.set_output("x") is None
    assert task.output == "x"


def test_load_output_of_nothing(kit):
    """A KeyError that names the task."""
    task = kit.task("a")
    task.set_data_path(kit.data_path)
    with pytest.raises(KeyError, match=r"Count\(a\)"):
        task.load_output()


def test_run_can_be_called_by_hand(kit):
    """`task.run(data=…)` executes it here with the task's own params."""
    assert kit.task("a").run(data=[5]) == 6
    assert kit.executed() == ["a"]


# --- Runner, step by step


@pytest.fixture
def planned(kit):
    """A runner with a -> b -> c planned and nothing done."""
    pipeline, nodes = kit.abc()
    runner = kit.runner()
    assert runner.set_pipeline(pipeline) is None
    assert runner.queue_tasks() is None
    return runner, pipeline, nodes


def test_the_whole_run_by_hand(planned, kit):
    """set_pipeline, queue_tasks, dequeue, start_task, finish_tasks until all is done, as run does it."""
    runner, _, (a, b, c) = planned
    order = []
    while not all(node.status in (Task.Status.SUCCESS, Task.Status.SKIPPED) for node in (a, b, c)):
        task = runner.dequeue()
        if task is not None:
            order.append(task)
            runner.start_task(task).join()
        assert runner.finish_tasks() is None
    assert order == [a, b, c]
    assert kit.executed() == ["a", "b", "c"]
    assert dict(runner.results()) == {"Count(a)": 1, "Count(b)": 2, "Count(c)": 3}
    assert runner.dequeue() is None


def test_dequeue_gives_a_task_when_its_parents_are_done(planned):
    """Each task once; nothing while its parent is running."""
    runner, _, (a, b, _) = planned
    assert runner.dequeue() is a
    assert runner.dequeue() is None
    runner.start_task(a).join()
    runner.finish_tasks()
    assert runner.dequeue() is b


def test_dequeue_fails_the_descendants_of_a_failed_task(kit):
    """They become CANT_RUN and are never given out."""
    bad = kit.task("bad", fail=True)
    after = kit.task("after", bad)
    last = kit.task("last", after)
    runner = kit.runner()
    runner.set_pipeline(Pipeline("p", [bad]))
    runner.queue_tasks()
    runner.start_task(runner.dequeue()).join()
    runner.finish_tasks()
    assert bad.status is Task.Status.FAILURE
    assert runner.dequeue() is None
    assert (after.status, last.status) == (Task.Status.CANT_RUN, Task.Status.CANT_RUN)
    assert runner.finished


def test_finish_tasks_while_nothing_has_ended(kit):
    """Nothing happens to a task that is alive."""
    import time

    class Wait(Task):
        @pyperunner.run
        def run(self):
            time.sleep(0.4)

    wait = Wait()
    runner = kit.runner()
    runner.set_pipeline(Pipeline("p", [wait]))
    runner.queue_tasks()
    handle = runner.start_task(runner.dequeue())
    runner.finish_tasks()
    assert wait.status is Task.Status.RUNNING
    handle.join()
    runner.finish_tasks()
    assert wait.status is Task.Status.SUCCESS


def test_skip_task(planned, kit):
    """A task passed over is SKIPPED, and its children may start."""
    runner, _, (a, b, _) = planned
    assert runner.dequeue() is a
    assert runner.skip_task(a) is None
    assert a.status is Task.Status.SKIPPED
    assert runner.dequeue() is b
    assert kit.executed() == []


def test_process_task_result(planned, kit):
    """Sets result and status; a success lets the children start, a failure does not and is logged."""
    runner, _, (a, b, c) = planned
    assert runner.dequeue() is a
    good = Task.TaskResult(Task.Status.SUCCESS, 41)
    assert runner.process_task_result(a, good) is None
    assert (a.result, a.status, a.output) == (good, Task.Status.SUCCESS, 41)
    assert runner.dequeue() is b
    bad = Task.TaskResult(Task.Status.FAILURE, None, ValueError("by hand"), "Traceback: by hand")
    runner.process_task_result(b, bad)
    assert (b.result, b.status) == (bad, Task.Status.FAILURE)
    assert runner.dequeue() is None
    assert c.status is Task.Status.CANT_RUN
    folder = Path(runner.pipeline_params_filename()).parent
    assert "by hand" in (folder / "exception.log").read_text()
    assert kit.executed() == []


def test_log_exception(planned):
    """The traceback of a result goes to the log of exceptions."""
    runner, _, _ = planned
    result = Task.TaskResult(Task.Status.FAILURE, None, ValueError("told"), "Traceback of mine")
    assert runner.log_exception(result) is None
    folder = Path(runner.pipeline_params_filename()).parent
    assert "Traceback of mine" in (folder / "exception.log").read_text()


def test_get_predecessor_outputs(planned, kit):
    """The outputs of the parents, in order of connection; an empty list for a root."""
    runner, pipeline, (a, _, c) = planned
    kit.runner().run(pipeline)
    assert runner.get_predecessor_outputs(a) == []
    assert runner.get_predecessor_outputs(c) == [2]
    c(a)
    assert runner.get_predecessor_outputs(c) == [2, 1]


def test_queue_tasks(planned, kit):
    """tasks_queue has all tasks in topological order, tasks_execute those that need to be executed."""
    runner, pipeline, (a, b, c) = planned
    assert list(runner.tasks_queue) == [a, b, c]
    assert list(runner.tasks_execute) == [a, b, c]
    kit.runner().run(pipeline)
    runner.queue_tasks()
    assert (list(runner.tasks_queue), list(runner.tasks_execute)) == ([a, b, c], [])
    runner.queue_tasks(force_reload=True)
    assert list(runner.tasks_execute) == [a, b, c]
    runner.queue_tasks(True)
    assert list(runner.tasks_execute) == [a, b, c]


def test_analyze_pipeline(kit):
    """Works by itself, executes nothing, returns None; what it marked is what the summary shows."""
    pipeline, _ = kit.abc()
    kit.runner().run(pipeline)
    kit.executed()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    drawn = []
    assert runner.analyze_pipeline() is None
    runner.execution_plan_summary(drawn.append)
    assert "*" not in drawn[-1]
    assert runner.analyze_pipeline(force_reload=True) is None
    assert runner.execution_plan_summary(drawn.append) is None
    assert drawn[-1].count("*") == 6
    assert kit.executed() == []


def test_assert_valid_pipeline_and_validate_pipeline(kit):
    """Silent for a sound pipeline."""
    pipeline, _ = kit.abc()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    assert runner.assert_valid_pipeline() is None
    assert Runner.validate_pipeline(pipeline) is None
    kit.task("a")(pipeline.create_graph().__iter__().__next__())
    with pytest.raises(ValueError, match="unique"):
        runner.assert_valid_pipeline()


def test_generate_run_name(planned):
    """Pipeline name and timestamp."""
    assert re.fullmatch(r"abc_\d{6}T\d{6}", planned[0].generate_run_name())


def test_save_pipeline_params_and_its_file_name(planned, kit):
    """The file is where its name says, below the log path, and describes the run completely."""
    runner, pipeline, _ = planned
    path = Path(runner.pipeline_params_filename())
    assert path.name == "pipeline.yaml"
    assert path.parent.parent == kit.log_path
    assert runner.save_pipeline_params() is None
    saved = yaml.safe_load(path.read_text())
    assert saved["tasks"] == pipeline.to_dict()["tasks"]
    assert "run" in saved
    assert Path(runner.pipeline_params_filename()) == path


def test_results_of_the_current_run(kit):
    """`Runner.results()` after a run; the pipeline has them too."""
    pipeline, _ = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    assert isinstance(runner.results(), PipelineResult)
    assert dict(runner.results()) == dict(pipeline.results())


def test_run_takes_the_pipeline_set_before(kit):
    """`run()` without one runs what `set_pipeline` was given; a second one may follow on the same runner."""
    pipeline, _ = kit.abc()
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    assert runner.run() is None
    assert kit.executed() == ["a", "b", "c"]
    runner.run(Pipeline("other", [kit.task("x")]))
    assert kit.executed() == ["x"]
    assert list(runner.results()) == ["Count(x)"]
    assert list(pipeline.results()) == ["Count(a)", "Count(b)", "Count(c)"]


def test_a_run_after_steps_by_hand(planned, kit):
    """Steps that were begun by hand and left do not disturb a run."""
    runner, pipeline, (a, _, c) = planned
    assert runner.dequeue() is a
    runner.run()
    assert kit.executed() == ["a", "b", "c"]
    assert c.output == 3
    assert pipeline.results()["Count(c)"] == 3
