"""Tasks: names, params, connecting, the hash, the stored output."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import pyperunner
from pyperunner import Pipeline, Task, TaskError, run, task


class Hello(Task):
    @run
    def run(self):
        return "hello"


class Add(Task):
    """A class task with one required param and one that has a default."""

    @run
    def run(self, data, n, factor=1):
        return sum(data) * factor + n


class Join(Task):
    @run
    def run(self, data):
        return data


@task("Plain")
def plain(n=1):
    return n


@task("Joined")
def joined(data):
    return data


# --- names


def test_a_name_is_the_class_and_the_tag_in_parentheses():
    """`ClassName(tag)`, with empty parentheses where there is no tag."""
    assert Hello().name == "Hello()"
    assert Hello("x").name == "Hello(x)"
    assert Hello(tag="x").name == "Hello(x)"
    assert plain("y", n=2).name == "Plain(y)"


def test_two_tasks_of_one_name_are_refused():
    """The error is a ValueError that has the word unique and the name."""
    pipeline = Pipeline("p", [Hello("x"), Hello("x")])
    with pytest.raises(ValueError, match="unique") as caught:
        pipeline.create_graph()
    assert "Hello(x)" in str(caught.value)


def test_the_same_object_added_twice_is_no_duplicate():
    """A name clashes with another task's only."""
    hello = Hello()
    assert len(Pipeline("p", [hello, hello])) == 1


# --- the decorator @task


def test_a_decorated_function_is_a_task_class():
    """`@task("Name")` gives a subclass of Task, and calling it gives an instance with the params."""
    assert issubclass(plain, Task)
    made = plain("t", n=5)
    assert isinstance(made, Task)
    assert (made.tag, made.params, made.task_name) == ("t", {"n": 5}, "Plain")


def test_input_is_received_if_there_is_a_parameter_data(kit):
    """By default a function is given data exactly if it has a parameter of this name."""
    first = plain(n=4)
    takes = joined("takes")(first)
    leaves = plain("leaves", n=6)(first)
    kit.runner().run(Pipeline("p", [first]))
    assert takes.output == [4]
    assert leaves.output == 6


def test_input_that_no_parameter_could_take_is_an_error_at_once():
    """`receives_input=True` over a function without data: AttributeError when it is decorated, before any call."""
    with pytest.raises(AttributeError, match="data"):

        @task("Wrong", receives_input=True)
        def wrong(x):
            return x


def test_input_can_be_declined(kit):
    """`receives_input=False` passes nothing, so that data is a parameter like any other."""

    @task("Declines", receives_input=False)
    def declines(data):
        return data

    child = declines(data=7)(plain())
    kit.runner().run(Pipeline("p", [child]))
    assert child.output == 7


def test_input_can_be_asked_for(kit):
    """`receives_input=True` over a function with data is fine."""

    @task("Asks", receives_input=True)
    def asks(data):
        return data

    child = asks()(plain(n=3))
    kit.runner().run(Pipeline("p", [child]))
    assert child.output == [3]


def test_a_decorator_without_a_name_says_how_to_write_it():
    """`@task` and `@task()` are a TypeError that shows `@task(name)`."""
    for decorator in (lambda: task(lambda: 1), lambda: task()(lambda: 1)):
        with pytest.raises(TypeError) as caught:
            decorator()
        assert "@task(name)" in str(caught.value)


def test_a_decorated_class_belongs_to_the_functions_module():
    """Its module is where the function was written, in the class and in the description."""

    def function():
        return 1

    function.__module__ = "somewhere.else"
    made = task("Moved")(function)
    assert made.__module__ == "somewhere.else"
    assert plain.__module__ == __name__
    assert plain().description()["module"] == __name__


def test_a_saved_pipeline_finds_a_task_by_class_name_whatever_it_is_bound_to(project):
    """The module is searched for the Task class of that name; the variable may be called anything."""
    project.write(
        "odd.py",
        """
        from pyperunner import task

        def _make():
            @task("Wanted")
            def unwanted():
                return 1
            return unwanted

        class Wanting: pass
        some_other_name = _make()
        """,
    )
    code = """if True:
        import odd
        from pyperunner import Pipeline
        again = Pipeline.from_dict(Pipeline("p", [odd.some_other_name("t")]).to_dict())
        (made,) = again.create_graph()
        print(type(made) is odd.some_other_name, made.name)
    """
    assert project.python("-c", code) == "True Wanted(t)"


FLOW = """
from pyperunner import Pipeline, Runner, Task, run, task

@task("One")
def one(n=1):
    open("trace", "a").write("one ")
    return n

class Two(Task):
    @run
    def run(self, data, text="a", odd=(1, 2.5, frozenset({"x", "y", "z"}))):
        open("trace", "a").write("two ")
        return data

first = one(n=2)
last = Two("t", text="b")(first)
pipeline = Pipeline("flow", [first])

if __name__ == "__main__":
    Runner("pyperunner-data", "pyperunner-runs").run(pipeline)
    print(first.description()["module"], first.hash(), last.hash())
"""


def test_a_script_and_the_command_have_the_same_keys(project):
    """`python flow.py` and then `pyperunner run flow.py`: the second executes nothing."""
    flow = project.write("flow.py", FLOW)
    module, first, last = project.python(flow).split()
    assert module == "flow"
    assert (project.folder / "trace").read_text() == "one two "
    project.command("run", "flow.py", "--data-path", "pyperunner-data", "--log-path", "pyperunner-runs")
    assert (project.folder / "trace").read_text() == "one two "
    code = "import flow; print(flow.first.hash(), flow.last.hash())"
    assert project.python("-c", code).split() == [first, last]


def test_the_command_first_and_the_script_second(project):
    """The other way round: what the command stored, the script finds."""
    project.write("flow.py", FLOW)
    project.command("run", "flow.py", "--data-path", "pyperunner-data", "--log-path", "pyperunner-runs")
    project.python("flow.py")
    project.python("-m", "flow")
    assert (project.folder / "trace").read_text() == "one two "


def test_main_is_recorded_under_its_importable_name(project):
    """`python -m package.flow` is recorded as package.flow, so that the saved pipeline is found again."""
    project.write("package/__init__.py", "")
    project.write("package/flow.py", FLOW)
    assert project.python("-m", "package.flow").split()[0] == "package.flow"


# --- classes


def test_a_subclass_must_define_run():
    """Without run a subclass is abstract: TypeError."""

    class Nothing(Task):
        pass

    with pytest.raises(TypeError, match="run"):
        Nothing()


def test_run_must_be_decorated():
    """A run without the decorator: TaskError that names `@run`."""

    class Bare(Task):
        def run(self):
            return 1

    with pytest.raises(TaskError, match="@run"):
        Bare()


# --- params


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "missing a required argument: 'n'"),
        ({"n": 1, "x": 2}, "got an unexpected keyword argument 'x'"),
    ],
)
def test_params_are_checked_when_the_task_is_made(arguments, words):
    """A TaskError at once, with the task's name, its tag and Python's own words."""
    with pytest.raises(TaskError) as caught:
        Add("mytag", **arguments)
    text = str(caught.value)
    assert "Add" in text
    assert "mytag" in text
    assert words in text


def test_params_of_a_function_task_are_checked_too():
    """The same for a decorated function."""
    with pytest.raises(TaskError, match="got an unexpected keyword argument 'x'"):
        plain(x=1)


def test_the_error_survives_pickling():
    """It can cross a process border with its text."""
    import pickle

    with pytest.raises(TaskError) as caught:
        Add("mytag")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_any_keywords_are_fine_where_run_takes_any():
    """A run with `**kwargs` takes whatever it is given."""

    class Loose(Task):
        @run
        def run(self, **kwargs):
            return kwargs

    assert Loose(a=1, b=2).params == {"a": 1, "b": 2}


# --- connecting


def test_data_is_the_list_of_outputs_in_order_of_connection(kit):
    """Not in order of definition, name or completion."""
    one, two, three = (plain(tag, n=n) for n, tag in enumerate("abc"))
    child = joined()([three, one])(two)
    kit.runner().run(Pipeline("p", [child]))
    assert child.output == [2, 0, 1]
    assert type(child.output) is list


def test_a_root_gets_an_empty_list(kit):
    """A task without parents that takes data is given `[]`."""
    root = Join()
    kit.runner().run(Pipeline("p", [root]))
    assert root.output == []


def test_one_parent_is_a_list_too(kit):
    """A single parent's output comes in a list of one."""
    child = Join()(plain(n=9))
    kit.runner().run(Pipeline("p", [child]))
    assert child.output == [9]


def test_connecting_returns_the_child():
    """`child(parent)`, `child([p1, p2])` and `child(p1)(p2)` connect in order and return the child."""
    p1, p2 = Hello("1"), Hello("2")
    for connect in (lambda child: child([p1, p2]), lambda child: child(p1)(p2), lambda child: child((p1, p2))):
        child = Join()
        assert connect(child) is child
        assert list(child.parents) == [p1, p2]
        assert child in p1.children
        assert child in p2.children


@pytest.mark.parametrize(
    ("stranger", "words"),
    [(Hello, "Hello"), ("text", "text"), (7, "int"), (None, "None"), ([Hello], "Hello"), ([Hello("1"), 7], "int")],
)
def test_a_class_or_a_stranger_as_parent_is_refused(stranger, words):
    """A ValueError that says what it was, and nothing is connected."""
    child = Join()
    with pytest.raises(ValueError) as caught:
        child(stranger)
    assert words in str(caught.value)
    assert "task" in str(caught.value)
    assert list(child.parents) == []


def test_the_error_tells_a_class_from_a_stranger():
    """For a class it says that it is a class, or that an instance is wanted."""
    with pytest.raises(ValueError, match="class"):
        Join()(Hello)


# --- status and attributes


def test_the_states_a_task_can_be_in():
    """Exactly these six."""
    names = {status.name for status in Task.Status}
    assert names == {"NOT_STARTED", "RUNNING", "SUCCESS", "FAILURE", "CANT_RUN", "SKIPPED"}


def test_what_a_new_task_says_of_itself():
    """Every promised attribute is there before any run."""
    made = Add("t", n=1)
    assert (made.name, made.task_name, made.tag) == ("Add(t)", "Add", "t")
    assert (made.params, made.reload, made.status) == ({"n": 1}, False, Task.Status.NOT_STARTED)
    assert (made.output, made.result) == (None, None)
    assert (list(made.parents), list(made.children)) == ([], [])
    assert Hello(reload=True).reload is True


def test_the_outcome_of_an_execution():
    """`TaskResult(status, output, exception=None, traceback='')`."""
    outcome = Task.TaskResult(Task.Status.SUCCESS, 5)
    assert (outcome.status, outcome.output, outcome.exception, outcome.traceback) == (Task.Status.SUCCESS, 5, None, "")
    error = ValueError("x")
    failed = Task.TaskResult(status=Task.Status.FAILURE, output=None, exception=error, traceback="text")
    assert (failed.exception, failed.traceback) == (error, "text")


def test_running_is_seen_while_a_task_runs(kit):
    """A started task is RUNNING until it is found to have ended."""
    only = kit.task("a")
    runner = kit.runner()
    runner.set_pipeline(Pipeline("p", [only]))
    runner.queue_tasks()
    handle = runner.start_task(runner.dequeue())
    assert only.status is Task.Status.RUNNING
    handle.join()
    runner.finish_tasks()
    assert only.status is Task.Status.SUCCESS


# --- hash


def test_a_hash_is_hex_text():
    """Text of hex digits."""
    digits = Hello().hash()
    assert isinstance(digits, str)
    assert int(digits, 16) >= 0


def test_the_hash_tells_tasks_apart():
    """Class name, tag, params, code: each counts."""

    def other_code(n=1):
        return n + 1

    other_code.__module__ = plain.__module__
    hashes = [
        plain().hash(),
        task("Plain2")(lambda n=1: n)().hash(),
        plain("tag").hash(),
        plain(n=2).hash(),
        plain(n=2.0).hash(),
        plain(n=True).hash(),
        plain(n="2").hash(),
        task("Plain")(other_code)().hash(),
    ]
    assert len(set(hashes)) == len(hashes)
    assert plain(n=2).hash() == plain(n=2).hash()


def test_reload_does_not_count_in_the_hash():
    """Running again stores under the same key."""
    assert Hello(reload=True).hash() == Hello().hash()


def test_a_named_input_counts_in_the_hash():
    """A task as a param counts by its own hash, and is not the same as one connected."""
    with_two, with_three = (plain("child", n=plain("in", n=n)) for n in (2, 3))
    assert with_two.hash() != with_three.hash()
    assert with_two.hash() != plain("child", n=1)(plain("in", n=2)).hash()


def test_connecting_later_changes_the_hash_of_the_task_and_its_descendants():
    """The hash is never an old one, however deep the descendant."""
    top, middle, last, aside = Hello("top"), Join("middle"), Join("last"), Hello("aside")
    last(middle)
    before = {node: node.hash() for node in (top, middle, last, aside)}
    middle(top)
    after = {node: node.hash() for node in (top, middle, last, aside)}
    assert (before[top], before[aside]) == (after[top], after[aside])
    assert before[middle] != after[middle]
    assert before[last] != after[last]


def test_all_ancestors_count():
    """A grandparent's param changes the hash."""
    old, new = (Join("c")(Join("b")(plain(n=n))).hash() for n in (1, 2))
    assert old != new


def test_the_order_of_parents_counts():
    """The first and the second parent are not the same."""
    assert Join()([Hello("a"), Hello("b")]).hash() != Join()([Hello("b"), Hello("a")]).hash()


def test_the_hash_is_linear_in_the_edges():
    """A ladder of 60 steps has 2**60 paths; each edge is followed once."""
    steps = [Hello("l"), Hello("r")]
    for level in range(60):
        steps = [Join(f"{side}{level}")(steps) for side in "lr"]
    assert len(steps[0].hash()) > 0


def test_the_hash_knows_no_recursion_limit():
    """A chain far longer than the interpreter's stack is hashed, and changes when its top does."""
    top = Hello("0")
    node = top
    for number in range(1, 5000):
        node = Join(str(number))(node)
    before = node.hash()
    top(Hello("above"))
    assert node.hash() != before


HASHES = """
import datetime, decimal, enum, pathlib, uuid
from pyperunner import Task, run

SCALE = {"a": 1, "b": frozenset({"p", "q", "r"})}

class Colour(enum.Enum):
    RED = 1

def helper(x):
    return {"x", "y", x} | SCALE["b"]

class Many(Task):
    @run
    def run(self, data, **kwargs):
        return helper(1), [y for y in data], (lambda z: z + 1)(2)

params = dict(
    text="ä", number=1.5, whole=2**70, nothing=None, raw=b"x", tup=(1, (2,)), lst=[1, [2]], boolean=True,
    mapping={"z": 1, "a": {"k": 2}}, unordered={"one", "two", "three", "four"}, colour=Colour.RED,
    when=datetime.datetime(2020, 1, 2), money=decimal.Decimal("1.10"), ident=uuid.UUID(int=5),
    where=pathlib.PurePosixPath("a/b"), func=helper,
)
print(Many("t", **params)(Many("p")).hash())
"""


def test_the_hash_is_the_same_in_every_process_hash_seed_and_directory(project, tmp_path):
    """Neither PYTHONHASHSEED nor the working directory nor the project's folder nor the order of a dict counts."""
    script = project.write("hashes.py", HASHES)
    moved = tmp_path / "elsewhere" / "deeper"
    moved.mkdir(parents=True)
    (moved / "hashes.py").write_text(HASHES)
    hashes = {project.python(script, PYTHONHASHSEED=seed) for seed in ("0", "1", "4711")}
    hashes.add(project.python(script, cwd="/"))
    hashes.add(project.python(moved / "hashes.py", cwd=moved))
    hashes.add(project.python("-c", "import hashes"))
    assert len(hashes) == 1


def find_python(version):
    """The path of an installed Python of that version: on the search path, or among pyenv's."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [*sorted(versions.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}")]
    for place in filter(None, places):
        if subprocess.run([str(place), "-c", ""], capture_output=True, check=False).returncode == 0:
            return str(place)
    return None


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_hash_is_the_same_on_every_supported_python(project, tmp_path):
    """3.10 to 3.13, each in an environment of its own with the packages installed."""
    script = project.write("hashes.py", HASHES)
    packages = Path(__file__).parents[2] / "packages"
    sources = [str(path) for path in packages.iterdir() if (path / "pyproject.toml").is_file()]
    found = {project.python(script)}
    tried = 0
    for version in ("3.10", "3.11", "3.12", "3.13"):
        interpreter = find_python(version)
        if interpreter is None:
            continue
        tried += 1
        home = tmp_path / version
        subprocess.run(["uv", "venv", "-q", "-p", interpreter, str(home)], check=True)
        subprocess.run(["uv", "pip", "install", "-q", "--python", str(home), *sources], check=True)
        for seed in ("0", "1", "2", "3", "4"):
            done = subprocess.run(
                [str(home / "bin" / "python"), str(script)],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "PYTHONHASHSEED": seed},
            )
            found.add(done.stdout.strip())
    if tried < 2:
        pytest.skip("there is only one of the supported Pythons on this machine")
    assert len(found) == 1


# --- description and stored output


def test_the_description():
    """Class name, module, tag, hash and params; nothing else."""
    made = Add("t", n=1)
    assert made.description() == {
        "name": "Add",
        "module": __name__,
        "tag": "t",
        "hash": made.hash(),
        "params": {"n": 1},
    }


def test_where_the_output_is_kept(tmp_path):
    """`data_path/<name>/<hash>/<filename>`."""
    made = Add("t", n=1)
    made.set_data_path(str(tmp_path))
    folder = tmp_path / "Add(t)" / made.hash()
    assert made.output_filename() == str(folder / "result.dump.gz")
    assert made.output_filename("result.dump.gz") == str(folder / "result.dump.gz")
    assert made.output_filename("notes.txt") == str(folder / "notes.txt")
    assert made.output_filename(filename="notes.txt") == str(folder / "notes.txt")


@pytest.mark.parametrize("tag", ["a/b", "../../x", "..", "a\nb", "x" * 300, "ä", "con:", " ", "é", "\U0001f600" * 100])
def test_a_name_is_made_safe_for_the_file_system(tmp_path, tag):
    """Whatever the tag, the path has the three parts below the data path, and the output is stored there."""
    made = Hello(tag)
    made.set_data_path(tmp_path / "data")
    made.store_output(tag)
    parts = Path(made.output_filename()).relative_to(tmp_path / "data").parts
    assert len(parts) == 3
    assert ".." not in parts
    assert parts[1:] == (made.hash(), "result.dump.gz")
    assert Path(made.output_filename()).is_file()
    assert made.load_output() == tag
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_names_that_differ_by_case_or_unicode_form_have_folders_of_their_own(tmp_path):
    """They never meet, even where the file system would take them for the same."""
    tasks = [Hello("tag"), Hello("TAG"), Hello("\u00e9"), Hello("e\u0301")]
    for made in tasks:
        made.set_data_path(tmp_path)
        made.store_output(made.tag)
    assert len({made.output_filename().casefold() for made in tasks}) == len(tasks)
    assert [made.load_output() for made in tasks] == [made.tag for made in tasks]


@pytest.mark.parametrize("value", [None, "text" * 1000, {"a": [1, 2.5]}, os.urandom(300_000), list(range(50_000))])
def test_the_output_file_is_valid_gzip(tmp_path, value):
    """`gzip -t` and Python's gzip read it to the end."""
    made = Hello()
    made.set_data_path(tmp_path)
    made.store_output(value)
    subprocess.run(["gzip", "-t", made.output_filename()], check=True)
    with gzip.open(made.output_filename()) as file:
        assert file.read()


def test_the_raw_codec_has_a_file_name_of_its_own(tmp_path):
    """Under the raw codec the entry is called result.dump.raw, and output_filename says so, before and after."""
    from importlib.metadata import entry_points

    (opener,) = (entry.load() for entry in entry_points(group="pyperunner.stores") if entry.name == "file")
    made = Hello()
    made.set_data_path(opener(tmp_path, codec="raw"))
    expected = tmp_path / "Hello()" / made.hash() / "result.dump.raw"
    assert made.output_filename() == str(expected)
    made.store_output([1, 2])
    assert expected.is_file()
    assert made.output_filename() == str(expected)
    assert [path.name for path in expected.parent.iterdir()] == ["result.dump.raw"]
    assert made.load_output() == [1, 2]


@pytest.mark.parametrize("url", ["sqlite:///{folder}/store.db", "memory://"])
def test_a_store_without_files_says_so(tmp_path, url):
    """Asking for a file name is an error that names the task and says that there are no files."""
    made = Hello("t")
    made.set_data_path(url.format(folder=tmp_path))
    with pytest.raises(Exception, match="no files") as caught:
        made.output_filename()
    assert "Hello(t)" in str(caught.value)
    made.store_output(3)
    assert made.load_output() == 3


def test_a_query_writes_nothing(tmp_path):
    """Asking whether there is an output, or where, makes no folder, not even the data path."""
    made = Hello()
    made.set_data_path(tmp_path / "data")
    assert made.output_exists() is False
    assert made.should_run() is True
    made.output_filename()
    with pytest.raises(KeyError):
        made.load_output()
    assert list(tmp_path.iterdir()) == []


def test_a_lone_task_stores_and_loads(tmp_path):
    """No runner and no pipeline are needed."""
    made = Add("t", n=1)
    made.set_data_path(str(tmp_path))
    made.store_output({"a": (1, 2)})
    assert made.output_exists() is True
    assert made.should_run() is False
    assert made.load_output() == {"a": (1, 2)}
    again = Add("t", n=1)
    again.set_data_path(tmp_path)
    assert again.load_output() == {"a": (1, 2)}
    other = Add("t", n=2)
    other.set_data_path(tmp_path)
    assert other.output_exists() is False


def test_a_task_without_a_data_path_says_what_to_do():
    """Storing or loading without one is an error that names the task and `set_data_path`."""
    made = Hello("t")
    for act in (lambda: made.store_output(1), made.load_output, made.output_filename):
        with pytest.raises(TaskError, match="set_data_path") as caught:
            act()
        assert "Hello(t)" in str(caught.value)
    assert pyperunner.Task.output_exists(made) is False
