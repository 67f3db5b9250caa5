"""Code that is edited, reloaded and patched in one living process: a task runs what is loaded there."""

from __future__ import annotations

import pytest

LIB = """
    import threading

    lock = threading.Lock()
    LIMIT, CONF = 1, {"a": 1}

    def edited(): return "old"
    def patched(): return "old"
    def put_in_place(): return "old"
    def wrapped(): return "old"
    def defined_again(): return "old"
    def swapped(): return "old"
    def other(): return "new"
    def constant(): return LIMIT
    def inside(): return CONF["a"]
    def held():
        with lock:
            return patched()

    class Config:
        limit = 1
        def method(self): return "old"
        @staticmethod
        def static(): return "old"
        @property
        def prop(self): return "old"

    config = Config()
    config.own = 1
    def of_class(): return Config.limit, config.own, config.method(), Config.static(), config.prop
    def own_class(): return isinstance(config, Config)
"""
PART = """
    def of_package(): return "old"
"""
FLOW = """
    import functools, importlib, sys, types
    import lib, reloaded
    import package.part as part
    from lib import Config, edited
    from pyperunner import Pipeline, Runner, Task, run, task

    made = types.ModuleType("made")
    exec("def of_made(): return 'made'", vars(made))
    sys.modules["made"] = made

    def own(): return "old"

    @task("Ask", receives_input=False)
    def ask(which):
        names = vars(lib) | {"of_package": part.of_package, "of_made": made.of_made, "of_reload": reloaded.of_reload}
        return (names | {"imported": edited, "own": own})[which]()

    KINDS = (
        "edited patched put_in_place wrapped defined_again swapped constant inside held of_class own_class of_package "
        "of_made of_reload imported own".split()
    )

    def run_all(store):
        tasks = [ask(kind, which=kind) for kind in KINDS]
        Runner(store, "logs", 2, start_method=sys.argv[1]).run(Pipeline("p", tasks), raise_on_failure=True)
        return {kind: task.output for kind, task in zip(KINDS, tasks)}

    def own_again(): return "new"

    if __name__ == "__main__":
        first = run_all("first")
        for name in ("lib", "package/part", "reloaded"):
            text = open(name + ".py").read()
            open(name + ".py", "w").write(text.replace("old", "newest").replace("= 1", "= 100") + "\\nNEWEST = 1\\n")
        importlib.reload(reloaded)
        lib.patched = lambda: "new"
        lib.put_in_place.__code__ = own_again.__code__
        lib.wrapped = functools.wraps(lib.wrapped)(lambda: "new")
        exec("def defined_again(): return 'new', LIMIT", vars(lib))
        lib.swapped = lib.other
        lib.LIMIT = 2
        lib.CONF["a"] = 2
        Config.limit, lib.config.own = 2, 3
        Config.method = lambda self: "new"
        Config.static = staticmethod(lambda: "new")
        Config.prop = property(lambda self: "new")
        made.of_made = lambda: "new"
        own = own_again
        second = run_all("second")
        for kind in KINDS:
            print(kind, first[kind], second[kind])
"""
BEFORE_AND_AFTER = """
edited old old
patched old new
put_in_place old new
wrapped old new
defined_again old ('new', 2)
swapped old new
constant 1 2
inside 1 2
held old new
of_class (1, 1, 'old', 'old', 'old') (2, 3, 'new', 'new', 'new')
own_class True True
of_package old old
of_made made new
of_reload old newest
imported old old
own old new
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", pytest.param("spawn", marks=pytest.mark.long)])
def test_a_task_runs_what_is_loaded_never_the_newer_text(project, method):
    project.write("lib.py", LIB)
    project.write("package/__init__.py", "")
    project.write("package/part.py", PART)
    project.write("reloaded.py", PART.replace("of_package", "of_reload"))
    project.write("flow.py", FLOW)
    assert project.python("flow.py", method).splitlines() == BEFORE_AND_AFTER.strip().splitlines()
