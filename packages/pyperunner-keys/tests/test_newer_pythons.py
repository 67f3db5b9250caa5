"""What Python 3.14 and 3.15 do differently, shown as far as it can be with the Pythons at hand."""

from __future__ import annotations

import ast
import dis
import importlib
import types
from typing import Any, Optional, Union

import pytest

from pyperunner_keys import digest, encode, fingerprint
from pyperunner_keys.code import kinds
from pyperunner_keys.code.reading import bytecode
from pyperunner_keys.code.reading.references import read_statements
from pyperunner_keys.code.reading.syntax import tree_form
from pyperunner_keys.encoding.encoders import ENCODERS
from pyperunner_keys.encoding.hints import write_form, write_union
from pyperunner_keys.encoding.writer import Writer

ANNOTATED = """
class A:
    x: Later = 1

    def f(self):
        return self.x
"""
LATER = "def __annotate__(format):\n    return {'x': Later}\n"


def hints_made_later(module):
    """Give a class what the compiler of 3.14 does: a function that makes its hints, and what was made of them."""
    names: dict[str, Any] = {}
    text = "\n" * 2 + LATER  # it begins where the first hint stands
    exec(compile(text, module.__file__, "exec"), vars(module), names)
    type.__setattr__(module.A, "__annotate_func__", names["__annotate__"])
    type.__setattr__(module.A, "__annotations_cache__", {"x": 1})
    del module.A.__annotations__
    assert "__annotations__" not in vars(module.A)


def test_hints_that_are_made_later_leave_no_trace(project):
    """A class's function that makes its hints is no member, and no sign that its file was edited."""
    module = project(flow="from __future__ import annotations\n" + ANNOTATED)
    before = fingerprint(module.A)
    hints_made_later(module)
    after = fingerprint(module.A)
    assert after.parts == before.parts
    assert set(after.parts) == {"flow.A", "flow.A.x", "flow.A.f"}
    assert after.sources["flow.A.f"].startswith("    def f")


def test_what_update_wrapper_leaves_of_hints_does_not_count(project):
    """Since 3.14 it leaves `__annotate__` in an object that wraps a function."""
    module = project(
        flow="class Wrapper:\n    def __call__(self): return 1\nheld = Wrapper()\ndef f(): return held()\n"
    )
    module.held.__wrapped__ = len
    before = fingerprint(module.f).digest
    module.held.__annotate__ = lambda form: {}
    assert fingerprint(module.f).digest == before


def test_hints_that_cannot_be_evaluated_are_a_gap(project):
    """Who reads them gets them evaluated then, which may fail: a name that only type checkers have."""
    text = """
class Meta(type):
    @property
    def __annotations__(cls):
        return Later
class A(metaclass=Meta):
    pass
def f():
    return A.__annotations__
"""
    found = fingerprint(project(flow=text).f)
    assert "Later" in found.gaps["flow.f: A.__annotations__"]


class Lazy:
    """Stands in the globals of a module for what its lazy import will bind."""

    def __init__(self, make):
        self.resolve = make


LAZY = """
import functools
import helper
from helper import work

@functools.lru_cache
def f():
    return work(helper.LIMIT) + helper.inner.work()
"""
HELPER = "LIMIT = 3\ndef work(n=1): return n\nimport inner\n"


def test_a_lazy_import_counts_as_the_plain_one(project, monkeypatch):
    """Names, attributes of modules and decorators."""
    module = project(flow=LAZY, helper=HELPER, inner="def work(): return 2\n")
    plain = fingerprint(module.f).parts
    monkeypatch.setattr(kinds, "_LAZY", Lazy)
    for names, name in ((vars(module), "helper"), (vars(module), "work"), (vars(module), "functools")):
        monkeypatch.setitem(names, name, Lazy(lambda value=names[name]: value))
    helper = importlib.import_module("helper")
    monkeypatch.setitem(vars(helper), "inner", Lazy(lambda: importlib.import_module("inner")))
    assert fingerprint(module.f).parts == plain
    assert {"helper.work", "helper.LIMIT", "inner.work"} <= plain.keys()


def test_a_lazy_import_that_fails_is_a_missing_name(project, monkeypatch):
    """The function will fail when it comes to it; its key is made all the same."""
    module = project(flow="def f(): return gone()\n")
    missing = fingerprint(module.f).digest
    monkeypatch.setattr(kinds, "_LAZY", Lazy)
    module.gone = Lazy(lambda: importlib.import_module("no_such_module_anywhere"))
    assert fingerprint(module.f).digest == missing


def test_a_partial_with_a_get_method_is_still_a_member(project):
    """Since 3.14 `functools.partial` has one."""
    text = "import functools\ndef f(a, b): return a\n{}class A:\n    g = {}(f, 1)\n"
    own = "class Bound(functools.partial):\n    def __get__(self, *args): return self\n"
    plain = fingerprint(project(plain=text.format("", "functools.partial")).A).parts
    bound = fingerprint(project(bound=text.format(own, "Bound")).A).parts
    assert "plain.A.g" in plain
    assert "bound.A.g" in bound


def test_the_level_of_an_import_may_be_a_small_int(monkeypatch):
    """In byte code without source; since 3.14 there is an instruction for them."""
    names: dict[str, Any] = {}
    exec("def f():\n from ..a import b\n return b", names)
    plain = bytecode.read_code(names["f"].__code__).uses

    def small(code):
        for step in dis.get_instructions(code):
            number = step.opname == "LOAD_CONST" and type(step.argval) is int
            yield step._replace(opname="LOAD_SMALL_INT") if number else step

    monkeypatch.setattr(bytecode, "dis", types.SimpleNamespace(get_instructions=small))
    assert bytecode.read_code(names["f"].__code__).uses == plain
    assert any(use[0] == ("a", 2, "b") for use in plain)


def test_every_instruction_that_takes_a_name_is_known():
    """A Python with a new one has to be looked at: what reads a global must be followed."""
    names = {dis.opname[number].removeprefix("INSTRUMENTED_") for number in {*dis.hasname, *dis.hasfree}}
    bare = {name for name in names if not name.startswith("<")}  # numbers without a name, as 3.12 has one
    others = {
        *("STORE_NAME", "DELETE_NAME", "STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL", "DELETE_GLOBAL"),
        *("IMPORT_NAME", "IMPORT_FROM", "LOAD_SUPER_ATTR", "LOAD_ZERO_SUPER_ATTR", "LOAD_SUPER_METHOD"),
        *("LOAD_ZERO_SUPER_METHOD", "LOAD_CLOSURE", "MAKE_CELL", "STORE_DEREF", "DELETE_DEREF"),
    }
    assert bare - others - {*bytecode._ROOTS, *bytecode._NEXT} == set()


def test_a_node_that_is_not_known_counts_with_all_its_fields():
    """Template strings of 3.14, made by hand: their text counts, and the names in them are uses."""

    class Interpolation(ast.expr):
        _fields = ("value", "str", "conversion", "format_spec")

    class TemplateStr(ast.expr):
        _fields = ("values",)

    def template(name, text):
        inner = Interpolation(value=ast.Name(name, ast.Load()), str=text, conversion=-1, format_spec=None)
        return ast.Expr(TemplateStr(values=[ast.Constant("Hello "), inner]))

    forms = {tree_form([template(*each)]) for each in (("name", "name"), ("name", " name"), ("other", "name"))}
    assert len(forms) == 3
    assert ("helper",) in read_statements([template("helper", "helper")]).uses


def test_whether_an_import_is_lazy_leaves_no_trace(monkeypatch):
    """Imports have a field more since 3.15, which is 0 in all others."""
    trees = [ast.parse("import a\nfrom b import c") for _ in range(3)]
    forms = {tree_form(trees[0].body)}
    for kind in (ast.Import, ast.ImportFrom):
        monkeypatch.setattr(kind, "_fields", (*kind._fields, "is_lazy"))
    for lazy, tree in enumerate(trees[1:]):
        for node in tree.body:
            node.is_lazy = lazy
        forms.add(tree_form(tree.body))
    assert len(forms) == 1


def test_every_node_of_this_python_is_known():
    """A Python with new kinds of nodes, or new fields of old ones, has to be looked at: no key may change by them."""
    nodes = {name: node for name, node in vars(ast).items() if isinstance(node, type) and issubclass(node, ast.AST)}
    for constant in ("Num", "Str", "Bytes", "NameConstant", "Ellipsis"):  # gone since 3.14
        nodes.pop(constant, None)
    kinds = {"mod", "stmt", "expr", "excepthandler", "pattern", "type_param", "match_case", "comprehension", "withitem"}
    known = (*(getattr(ast, name) for name in kinds if hasattr(ast, name)), ast.expr_context, ast.operator, ast.cmpop)
    others = {"AST", "boolop", "And", "Or", "unaryop", "Invert", "Not", "UAdd", "USub", "arguments", "arg", "keyword"}
    others |= {"alias", "type_ignore", "TypeIgnore", "slice", "Index", "ExtSlice"}
    assert {name for name, node in nodes.items() if not issubclass(node, known)} <= others
    fields = {field for node in nodes.values() for field in node._fields}
    assert fields <= FIELDS


FIELDS = {
    *("annotation", "arg", "args", "argtypes", "asname", "attr", "bases", "body", "bound", "cases", "cause", "cls"),
    *("comparators", "context_expr", "conversion", "ctx", "decorator_list", "default_value", "defaults", "elt", "elts"),
    *("exc", "finalbody", "format_spec", "func", "generators", "guard", "handlers", "id", "ifs", "is_async", "is_lazy"),
    *("items", "iter", "key", "keys", "keywords", "kind", "kw_defaults", "kwarg", "kwd_attrs", "kwd_patterns", "left"),
    *(
        "kwonlyargs",
        "level",
        "lineno",
        "lower",
        "module",
        "msg",
        "name",
        "names",
        "op",
        "operand",
        "ops",
        "optional_vars",
    ),
    *("orelse", "pattern", "patterns", "posonlyargs", "rest", "returns", "right", "simple", "slice", "step", "str"),
    *("subject", "tag", "target", "targets", "test", "type", "type_comment", "type_ignores", "type_params", "upper"),
    *("value", "values", "vararg"),
}
"""Those of all nodes from 3.10 to 3.15."""


@pytest.mark.parametrize("value", [Optional[int], Union[int, str, None]])  # noqa: UP007, UP045 - the old spelling is meant
def test_a_union_counts_as_it_does_where_it_is_an_object_of_its_own(value):
    """Since 3.14 `Optional[int]` is what `int | None` makes; here it is written as it will be there."""
    out = Writer(ENCODERS, lambda code, inner: inner.buffer.extend(encode(code)))
    write_union(value.__args__, out)
    assert bytes(out.buffer) == encode(value)
    out = Writer(ENCODERS, lambda code, inner: None)
    write_form("Union", out)
    assert bytes(out.buffer) == encode(Union)


def test_generic_aliases_are_no_classes(project):
    """On 3.10 `list[int]` passes for a class, and was taken for `list`; Any, Annotated and Union change sides, too."""
    assert digest(list[int]) != digest(list[str]) != digest(list)
    module = project(flow="class A(list): pass\nheld = A[int]\ndef f(): return held\n")
    assert set(fingerprint(module.f).parts) == {"flow.f", "flow.held", "flow.A"}
