"""What a module does to installed packages when it is imported counts, wherever the import stands."""

from __future__ import annotations

import pytest

LIBRARY = """
import collections
OPTIONS, ACCESSORS, PLUGINS = {}, {}, {}
class Frame:
    def double(self): return None
class Plugin:
    def __init_subclass__(cls): PLUGINS[cls.__name__] = cls
class tools:
    mode = None
def get_context(): return tools
_seed = [None]
def set_option(name, value): OPTIONS[name] = value
def seed(value): _seed[0] = value
def register_accessor(name):
    def keep(cls):
        ACCESSORS[name] = cls
        return cls
    return keep
def plot(*args): pass
def build(value): OPTIONS["built"] = value
def state():
    plugins = [PLUGINS[name].value for name in sorted(PLUGINS)]
    accessors = [ACCESSORS[name].value for name in sorted(ACCESSORS)]
    return sorted(OPTIONS.items()), plugins, accessors, Frame().double(), tools.mode, _seed
"""
"""A package like those that have options, accessors and plugins."""
CHANGES = {
    "option": "lib.set_option('a', K)",
    "option by name": "from lib import set_option\nset_option('a', K)",
    "option in a table": "lib.OPTIONS['a'] = K",
    "option by attribute": "lib.tools.mode = K",
    "seed": "lib.seed(K)",
    "method patched": "lib.Frame.double = lambda self: K",
    "method patched with a function": "def double(self): return K\nlib.Frame.double = double",
    "method patched by setattr": "setattr(lib.Frame, 'double', lambda self: K)",
    "accessor": "@lib.register_accessor('mine')\nclass Mine:\n    value = K",
    "subclass": "class Mine(lib.Plugin):\n    value = K",
    "in a condition": "if lib.OPTIONS == {}:\n    lib.set_option('a', K)",
    "in a loop": "for each in 'ab':\n    lib.set_option(each, K)",
    "by a constant": "LIMIT = K\nlib.set_option('a', LIMIT)",
    "by a function of one's own": "def start():\n    lib.set_option('a', K)\nstart()",
    "by a function of a function": "def deep():\n    import lib\n    lib.seed(K)\ndef start():\n    deep()\nstart()",
    "by a function of another module": "import helper\nhelper.start(K)",
    "assigned": "old = lib.set_option('a', K)",
    "by another name": "other = lib.tools\nother.mode = K",
    "by another name of a function": "change = lib.set_option\nchange('a', K)",
    "what everybody shares": "context = lib.get_context()\ncontext.mode = K",
    "in a comprehension": "[lib.set_option(each, K) for each in 'ab']",
    "in a lambda": "(lambda: lib.set_option('a', K))()",
    "mapped": "list(map(lambda each: lib.set_option(each, K), 'ab'))",
    "first of a table": "for name, value in {'a': K, 'b': 0}.items(): lib.set_option(name, value)",
    "condition": "if K == 1: lib.set_option('a', 1)",
    "one of several targets": "lib.tools.mode, other = K, 0",
    "body of a class": "class Setup:\n    lib.set_option('a', K)",
    "default of a function": "def start():\n    lib.set_option('a', K)\ndef other(x=start()): pass",
    "by a function whose result is wanted": "def start():\n    lib.set_option('a', K)\n    return 1\nX = start()",
    "by a function inside a function": ("def start():\n    def deep(): lib.set_option('a', K)\n    deep()\nstart()"),
    "by a decorator of one's own": (
        "def method(f):\n    setattr(lib.Frame, f.__name__, f)\n    return f\n@method\ndef double(self): return K"
    ),
    "by a decorator that is given a class": (
        "def method(cls):\n    def put(f):\n        setattr(cls, f.__name__, f)\n        return f\n    return put\n"
        "@method(lib.Frame)\ndef double(self): return K"
    ),
    "by what makes an instance": "class Setup:\n    def __init__(self): lib.set_option('a', K)\nX = Setup()",
    "by a method": "class Setup:\n    def go(self): lib.set_option('a', K)\nX = Setup()\nX.go()",
    "by a class that is derived from": (
        "class Base:\n    def __init_subclass__(cls, n): lib.set_option('a', n)\nclass Mine(Base, n=K): pass"
    ),
    "by a metaclass": "class M(type):\n    def __init__(cls, *a): lib.set_option('a', K)\nclass A(metaclass=M): pass",
    "by a class of another module": "import helper\nX = helper.Start(K)",
    "patched in a loop": "for each in (lib.Frame,): each.double = lambda self: K",
    "in a text that is executed": "exec('lib.set_option(\"a\", K)')",
    "by a method that sets": "lib.tools.__setattr__(lib.tools, 'mode', K) if False else setattr(lib.tools, 'mode', K)",
}
IDLE = {
    "function not called": "def start():\n    lib.set_option('a', K)",
    "what is local": "def helper(): return K\ntable = {}\ntable['a'] = K",
    "main guard": "if __name__ == '__main__':\n    lib.set_option('a', K)",
    "what it shows": "lib.plot(K)",
    "what it prints": "print(K)",
    "what it makes and changes": "table = lib.Frame()\ntable.value = K",
    "class not used": "class Setup:\n    def __init__(self): lib.set_option('a', K)",
    "lambda that is kept": "def start(): return lambda: lib.set_option('a', K)",
    "what a function makes": "def start():\n    table = lib.Frame()\n    table.value = K\n    return 1\nX = start()",
    "wrapper": "import functools\ndef d(f): return functools.update_wrapper(lambda: 1, f)\n@d\ndef own(): return K",
}
PLACES = {
    "here": {"flow": "{change}\ndef run():\n    import lib\n    return lib.state()\n"},
    "imported": {"setup": "{change}\n", "flow": "import lib, setup\ndef run(): return lib.state()\n"},
    "imported by what is imported": {
        "setup": "{change}\n",
        "app": "from setup import lib as other\ndef state(): return lib.state()\nimport lib\n",
        "flow": "from app import state\ndef run(): return state()\n",
    },
    "inside": {"setup": "{change}\n", "flow": "def run():\n    import lib, setup\n    return lib.state()\n"},
    "inside by what is imported": {
        "setup": "{change}\n",
        "app": "import setup, lib\ndef state(): return lib.state()\n",
        "flow": "def run():\n    from app import state\n    return state()\n",
    },
}


HELPER = """
import lib
def start(value): lib.set_option('h', value)
class Start:
    def __init__(self, value): start(value)
"""


def _write(folder, place, change):
    (folder / "site-packages").mkdir(parents=True)
    (folder / "site-packages" / "lib.py").write_text(LIBRARY)
    (folder / "helper.py").write_text(HELPER)
    for name, text in PLACES[place].items():
        path = "import pathlib, sys\nsys.path.append(str(pathlib.Path(__file__).with_name('site-packages')))\n"
        start = (path if name == "flow" else "") + ("import lib\n" if "{change}" in text else "")
        (folder / f"{name}.py").write_text(start + text.format(change=change))
    return folder


_FEW = ("option", "accessor", "by a function of another module")
SHORT = [
    *(("here", name) for name in CHANGES),
    *((place, name) for place in ("imported by what is imported", "inside by what is imported") for name in _FEW),
    *(("imported", name) for name in IDLE),
]
LONG = [
    *((place, name) for place in PLACES for name in CHANGES),
    # An import inside a function that is not used there lets the whole module count.
    *((place, name) for place in list(PLACES)[:3] for name in IDLE),
]


@pytest.mark.parametrize("names", [SHORT, pytest.param(LONG, marks=pytest.mark.long)], ids=["short", "long"])
def test_what_leaves_something_behind_counts_and_nothing_else(look_at, needs_fork, tmp_path, names):
    every = {**CHANGES, **IDLE}
    names = [*dict.fromkeys(names)]
    folders = [
        _write(tmp_path / f"{number}-{value}", place, every[name].replace("K", value))
        for number, (place, name) in enumerate(names)
        for value in ("1", "2")
    ]
    looks = iter(look_at(folders))
    for place, name in names:
        one, two = next(looks), next(looks)
        assert (one["result"] != two["result"]) is (name in CHANGES), (place, name)
        assert (one["digest"] != two["digest"]) is (name in CHANGES), (place, name)


def test_what_a_call_does_to_a_library_that_cannot_be_told_is_a_gap(look_at, needs_fork, tmp_path):
    folders = [_write(tmp_path / str(number), place, "lib.build(1)") for number, place in enumerate(PLACES)]
    for place, found in zip(PLACES, look_at(folders), strict=True):
        module = "flow" if place == "here" else "setup"
        reason = "what it does to lib at the import of the module cannot be told"
        assert found["gaps"] == {f"{module}: lib.build": reason}, place
