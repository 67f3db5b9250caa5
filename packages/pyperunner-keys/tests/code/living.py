"""Edits of a living process: a module ``flow`` with a function ``run``, and statements that are executed in it later.

Each is a name, the text of the module, the statements, and whether what ``run`` returns changes. Other modules of the
project are in ``MODULES``.
"""

from __future__ import annotations

MODULES = {
    "helpers": "LIMIT = 5\nTABLE = {'a': [1]}\ndef clip(x): return min(x, LIMIT)\ndef f(x): return x\n",
    "other": "from helpers import clip, TABLE\n",
}

CODE = {
    "helper redefined": ("def helper(): return 1\ndef run(): return helper()", "def helper(): return 2"),
    "helper redefined alike": ("def helper(): return 1\ndef run(): return helper()", "def helper(): return 1"),
    "helper far away": (
        "def deep(): return 1\ndef helper(): return deep()\ndef run(): return helper()",
        "def deep(): return 2",
    ),
    "code put in": (
        "def helper(): return 1\ndef newer(): return 2\ndef run(): return helper()",
        "helper.__code__ = newer.__code__",
    ),
    "own code put in": ("def run(): return 1\ndef newer(): return 2", "run.__code__ = newer.__code__"),
    "default": ("def helper(x=1): return x\ndef run(): return helper()", "helper.__defaults__ = (2,)"),
    "default in place": ("def helper(x=[1]): return x[0]\ndef run(): return helper()", "helper.__defaults__[0][0] = 2"),
    "keyword default": ("def helper(*, x=1): return x\ndef run(): return helper()", "helper.__kwdefaults__ = {'x': 2}"),
    "keyword default in place": (
        "def helper(*, x=1): return x\ndef run(): return helper()",
        "helper.__kwdefaults__['x'] = 2",
    ),
    "attribute of a function": (
        "def helper(): return helper.k\nhelper.k = 1\ndef run(): return helper()",
        "helper.k = 2",
    ),
    "closure": (
        (
            "def make():\n    k = 1\n    def put(x):\n        nonlocal k\n        k = x\n"
            "    def get(): return k\n    return put, get\nput, get = make()\ndef run(): return get()"
        ),
        "put(2)",
    ),
    "closure in place": (
        "def make(k):\n    def get(): return k[0]\n    return get\nbox = [1]\nget = make(box)\ndef run(): return get()",
        "box[0] = 2",
    ),
    "decorator": (
        "def d(f):\n    def g(): return 2 * f()\n    return g\n@d\ndef one(): return 1\ndef run(): return one()",
        "one = one.__closure__[0].cell_contents",
    ),
    "what a wrapper wraps": (
        "import functools\n@functools.lru_cache\ndef helper(): return 1\ndef run(): return helper()",
        "helper.cache_clear(); helper.__wrapped__.__code__ = (lambda: 2).__code__",
    ),
    "partial": (
        "import functools\ndef helper(x): return x\np = functools.partial(helper, 1)\ndef run(): return p()",
        "p.__setstate__((helper, (2,), {}, None))",
    ),
    "registered function": (
        "import functools\n@functools.singledispatch\ndef show(x): return 1\ndef run(): return show(3)",
        "show.register(int, lambda x: 2)",
    ),
    "attribute of a partial": (
        "import functools\np = functools.partial(int)\np.k = 1\ndef run(): return p.k",
        "p.k = 2",
    ),
    "method of an operator": (
        "import operator\nm = operator.methodcaller('split', sep=',')\ndef run(): return m('a,b;c')",
        "m = operator.methodcaller('split', sep=';')",
    ),
    "special method of a container": ("box = [1]\nsize = box.__len__\ndef run(): return size()", "box.append(2)"),
    "docstring": ("def helper(): 'a'\ndef run(): return helper.__doc__", "helper.__doc__ = 'b'"),
    "name of a function": ("def helper(): pass\ndef run(): return helper.__name__", "helper.__name__ = 'b'"),
    "name of a class": ("class A: pass\ndef run(): return A.__name__", "A.__name__ = 'b'"),
    "made by exec": ("exec('def helper(): return 1')\ndef run(): return helper()", "exec('def helper(): return 2')"),
}
VALUES = {
    "constant": ("K = 1\ndef run(): return K", "K = 2"),
    "constant to an equal one": ("K = 1000\ndef run(): return K", "K = int('1000')"),
    "constant of another type": ("K = 1\ndef run(): return repr(K)", "K = True"),
    "constant of a helper": ("K = 1\ndef helper(): return K\ndef run(): return helper()", "K = 2"),
    "constant removed": ("max = sum\ndef run(): return max([1, 2])", "del max"),
    "builtin covered": ("def run(): return max([1, 2])", "max = sum"),
    "list grows": ("K = [1]\ndef run(): return len(K)", "K.append(2)"),
    "nested list": ("K = {'a': [{'b': [1]}]}\ndef run(): return K['a'][0]['b'][0]", "K['a'][0]['b'][0] = 2"),
    "list in a tuple": ("K = (1, [1])\ndef run(): return K[1][0]", "K[1][0] = 2"),
    "set": ("K = {1}\ndef run(): return len(K)", "K.add(2)"),
    "bytearray": ("K = bytearray(b'a')\ndef run(): return bytes(K)", "K[0] = 98"),
    "list to an equal one": ("K = [1]\ndef run(): return K", "K = [1]"),
    "what nobody uses": ("K = 1\nL = [1]\ndef run(): return K", "L.append(2); M = 3\ndef other(): return 4"),
    "instance": (
        "class A: pass\na = A(); a.k = 1\ndef run(): return a.k",
        "a.k = 2",
    ),
    "instance with slots": ("class A: __slots__ = ('k',)\na = A(); a.k = 1\ndef run(): return a.k", "a.k = 2"),
    "function in a table": ("def f(): return 1\nT = {'f': f}\ndef run(): return T['f']()", "T['f'] = lambda: 2"),
    "code of a function in a table": (
        "def f(): return 1\nT = [f]\ndef run(): return T[0]()",
        "f.__code__ = (lambda: 2).__code__",
    ),
    "instance that is called something": (
        "import types\nK = types.SimpleNamespace(__name__='a')\ndef run(): return K.__name__",
        "K.__name__ = 'b'",
    ),
    "two of a name change places": (
        "def make(k):\n    def f(): return k\n    return f\nT = [make(1), make(2)]\ndef run(): return T[0]()",
        "T.reverse()",
    ),
    "bound method": (
        "class A:\n    k = 1\n    def get(self): return self.k\na = A()\nget = a.get\ndef run(): return get()",
        "a.k = 2",
    ),
}
CLASSES = {
    "class redefined": (
        "class A:\n    def go(self): return 1\ndef run(): return A().go()",
        "class A:\n    def go(self): return 2",
    ),
    "method put in": (
        "class A:\n    def go(self): return 1\ndef run(): return A().go()",
        "A.go = lambda self: 2",
    ),
    "code of a method": (
        "class A:\n    def go(self): return 1\ndef run(): return A().go()",
        "A.go.__code__ = (lambda self: 2).__code__",
    ),
    "method added": (
        "class A: pass\ndef run(): return getattr(A(), 'go', None) is None",
        "A.go = lambda self: 2",
    ),
    "method of a base": (
        "class B:\n    def go(self): return 1\nclass A(B): pass\ndef run(): return A().go()",
        "B.go = lambda self: 2",
    ),
    "base": (
        (
            "class B:\n    def go(self): return 1\nclass C:\n    def go(self): return 2\n"
            "class A(B): pass\ndef run(): return A().go()"
        ),
        "A.__bases__ = (C,)",
    ),
    "attribute of a class": ("class A: k = 1\ndef run(): return A.k", "A.k = 2"),
    "attribute of a class, by an instance": ("class A: k = 1\ndef run(): return A().k", "A.k = 2"),
    "attribute of a class in place": ("class A: k = [1]\ndef run(): return A.k[0]", "A.k[0] = 2"),
    "property": (
        "class A:\n    @property\n    def k(self): return 1\ndef run(): return A().k",
        "A.k = property(lambda self: 2)",
    ),
    "classmethod": (
        "class A:\n    @classmethod\n    def k(cls): return 1\ndef run(): return A.k()",
        "A.k = classmethod(lambda cls: 2)",
    ),
    "special method put in": (
        "class A: __slots__ = ('x',)\ndef run(): return hasattr(A(), 'x')",
        "A.__init__ = lambda self: setattr(self, 'x', 1)",
    ),
    "attribute of a base": (
        "class B: k = 1\nclass C: k = 2\nclass A(B): pass\ndef run(): return A.k",
        "A.__bases__ = (C,)",
    ),
    "attribute of a member of an enum": (
        "import enum\nclass A(enum.Enum):\n    X = 1\ndef run(): return getattr(A.X, 'k', 0)",
        "A.X.k = 2",
    ),
    "state of a member of an enum": (
        (
            "import enum\nclass A(enum.Enum):\n    X = 1\n    def __init__(self, value): self._k = value\n"
            "    def go(self): return self._k\ndef run(): return A.X.go()"
        ),
        "A.X._k = 2",
    ),
    "class registered with an abstract one": (
        "import abc\nclass S(abc.ABC): pass\nclass A: pass\ndef run(): return isinstance(A(), S)",
        "S.register(A)",
    ),
    "class made by exec": (
        "box = {}\nexec('class A:\\n    def go(self): return 1', box)\ndef run(): return box['A']().go()",
        "box['A'].go = lambda self: 2",
    ),
    "defaults of a named tuple": (
        "import collections\nA = collections.namedtuple('A', 'x', defaults=[1])\ndef run(): return A().x",
        "A.__new__.__defaults__ = (2,)",
    ),
    "subclass found at run time": (
        "class B: pass\ndef run(): return len(B.__subclasses__())",
        "class C(B): pass",
    ),
}
IN_MODULES = {
    "module attribute": ("import helpers\ndef run(): return helpers.clip(9)", "helpers.LIMIT = 7"),
    "function of a module": ("import helpers\ndef run(): return helpers.clip(9)", "helpers.clip = lambda x: x"),
    "imported name": ("from helpers import clip\ndef run(): return clip(9)", "import helpers; helpers.LIMIT = 7"),
    "name of another module": (
        "from helpers import clip\ndef run(): return clip(9)",
        "import helpers; helpers.clip = abs",
    ),
    "imported container": ("from other import TABLE\ndef run(): return TABLE['a'][0]", "TABLE['a'][0] = 2"),
    "import inside": (
        "def run():\n    from helpers import clip\n    return clip(9)",
        "import helpers; helpers.LIMIT = 7",
    ),
    "import inside, in place": (
        "def run():\n    from helpers import TABLE\n    return TABLE['a'][0]",
        "import helpers; helpers.TABLE['a'][0] = 2",
    ),
    "import inside, code put in": (
        "def run():\n    from helpers import f\n    return f(1)",
        "import helpers; helpers.f.__code__ = (lambda x: 2).__code__",
    ),
    "whole module": ("import helpers\ndef run(): return sorted(vars(helpers))[-1]", "helpers.zzz = 1"),
    "another module under the name": (
        "import helpers\ndef run(): return helpers.clip(9)",
        "import types; helpers = types.SimpleNamespace(clip=lambda x: 2)",
    ),
    "function of a library": (
        "import math\ndef run(): return math.floor(1.5)",
        "math = __import__('numbers'); math.floor = lambda x: 2",
    ),
}
CHANGED_BY_ITSELF = {
    "cache of a closure": (
        "def make():\n    seen = {}\n    return lambda: seen.setdefault(1, 1)\nrun = make()",
        "run()",
    ),
    "counter of a closure": (
        "def make(n):\n  def run():\n    nonlocal n\n    n = 2\n    return 1\n  return run\nrun = make(1)",
        "run()",
    ),
    "counter": ("N = 0\ndef run():\n    global N\n    N += 1\n    return 1", "run()"),
    "cache": ("SEEN = {}\ndef run():\n    SEEN.setdefault('a', 1)\n    return SEEN['a']", "run()"),
    "cache of a helper": (
        "SEEN = {}\ndef helper(x):\n    SEEN[x] = 1\n    return SEEN[x]\ndef run(): return helper(1)",
        "run(); run()",
    ),
    "made on first use": (
        "MODEL = None\ndef run():\n    global MODEL\n    if MODEL is None: MODEL = lambda: 1\n    return MODEL()",
        "run()",
    ),
    "attribute of a class": ("class A: n = 0\ndef run():\n    A.n += 1\n    return 1", "run()"),
    "cache of a module": (
        "import helpers\ndef run():\n    helpers.TABLE['z'] = 1\n    return helpers.TABLE['z']",
        "run()",
    ),
}
EVERY = {
    f"{kind}: {name}": edit
    for kind, edits in [
        ("code", CODE),
        ("values", VALUES),
        ("classes", CLASSES),
        ("modules", IN_MODULES),
        ("by itself", CHANGED_BY_ITSELF),
    ]
    for name, edit in edits.items()
}
