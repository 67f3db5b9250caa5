"""Errors: their sentences, their families, their pickles."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from pyperunner_dag import errors
from pyperunner_dag.errors import (
    ChangedDuringRunError,
    CodeGapError,
    CycleError,
    DuplicateNameError,
    FileParamError,
    HashMismatchError,
    MissingExtraError,
    ModuleRefusedError,
    NoOutputError,
    NotATaskError,
    OpaqueValueError,
    OptionError,
    PipelineError,
    PipelineFileError,
    SecretNotSetError,
    StoreError,
    StoreNotInstalledError,
    StorePluginError,
    TaskDefinitionError,
    TaskError,
    TaskLookupError,
    TaskNameError,
    TaskParamError,
    TaskStoreError,
    UndeclaredInputError,
    UnhashableParamError,
    UnknownStoreError,
)

EXAMPLES = [
    (TaskError("x"), (Exception,), "x"),
    (TaskNameError("Load", 3, "a tag is text"), (TaskError, ValueError), "task Load cannot have the tag 3: a tag is"),
    (TaskDefinitionError("Load", "no @run"), (TaskError, TypeError), "task Load: no @run"),
    (TaskParamError("Load", "raw", "no n"), (TaskError, TypeError), r"task Load \(tag 'raw'\): no n"),
    (TaskParamError("Load", "", "no n"), (TaskError, TypeError), r"task Load \(no tag\): no n"),
    (
        UnhashableParamError("Load", "raw", "a['b']", "lock", "it has no value"),
        (TaskParamError,),
        r"task Load \(tag 'raw'\): param a\['b'\] \(lock\) cannot be part of a cache key: it has no value",
    ),
    (OptionError("", "timeout", "it is -1"), (TaskError, ValueError), r"^option timeout: it is -1"),
    (OptionError("task Load", "timeout", "it is -1"), (TaskError,), "^task Load: option timeout: it is -1"),
    (CodeGapError("Load", "", {"a.b": "made"}), (TaskError, ValueError), r"task Load \(no tag\): .*\n  a\.b: made"),
    (
        FileParamError("Load", "raw", "a['b']", "File", "/x/y.csv", "there is no such file"),
        (TaskError, OSError),
        r"task Load \(tag 'raw'\): param a\['b'\]: File /x/y.csv: there is no such file; make /x/y.csv or correct",
    ),
    (
        FileParamError("Load", "", "a", "Folder", "/x", "permission denied"),
        (TaskError, OSError),
        r"param a: Folder /x: permission denied; look at /x",
    ),
    (
        ChangedDuringRunError("Load", "", ["File a changed", "File b is gone"]),
        (TaskError, RuntimeError),
        r"task Load \(no tag\): changed during the run: File a changed, File b is gone. Nothing was stored",
    ),
    (
        UndeclaredInputError("Load", "", ["/a", "/b"]),
        (TaskError, RuntimeError),
        r"task Load \(no tag\) read what its params do not declare: /a, /b. Nothing .* File\(…\)",
    ),
    (
        SecretNotSetError("Load", "", "password", "PW"),
        (TaskError, LookupError),
        r"task Load \(no tag\): param password .* variable PW, which is not set",
    ),
    (
        NoOutputError("Load(raw)", "it failed"),
        (TaskError, RuntimeError),
        r"Load\(raw\) has no output, .* it failed",
    ),
    (TaskStoreError("Load(raw)", "no store"), (TaskError, RuntimeError), r"Load\(raw\): no store"),
    (PipelineError("x"), (Exception,), "x"),
    (
        NotATaskError("a parent of A()", "the class B"),
        (PipelineError, ValueError),
        r"a parent of A\(\) must be a task, not",
    ),
    (DuplicateNameError("Load()"), (PipelineError, ValueError), r"unique .* Load\(\)"),
    (CycleError(["A()", "B()", "A()"]), (PipelineError, ValueError), r"A\(\) -> B\(\) -> A\(\)"),
    (PipelineFileError("bad"), (PipelineError, ValueError), "bad"),
    (ModuleRefusedError("Load()", "os", ("flows", "x.*")), (PipelineFileError,), r"module os .*\(flows, x\.\*\)"),
    (
        TaskLookupError("Load()", "flow", "Load", "gone"),
        (PipelineFileError, ImportError),
        "Load from module flow: gone",
    ),
    (OpaqueValueError("Load()", "param n", "a.Lock"), (PipelineFileError,), r"Load\(\): param n is a a\.Lock"),
    (HashMismatchError({"Load()": ["code changed"]}), (PipelineFileError, ValueError), r"Load\(\): code changed"),
    (
        MissingExtraError("a picture", "Pillow", "pip install x"),
        (ImportError,),
        "a picture needs Pillow; .*pip install x",
    ),
    (StoreError("x"), (Exception,), "x"),
    (UnknownStoreError("ftp", ["file", "s3"]), (StoreError, ValueError), "ftp://.*known: file, s3"),
    (StoreNotInstalledError(), (StoreError, ImportError), "pip install pyperunner-cache"),
    (StorePluginError("s3", "a:b", "dist", "boom"), (StoreError, ImportError), r"s3:// \(a:b, from dist\).*boom"),
]
IDS = [type(error).__name__ for error, _, _ in EXAMPLES]


@pytest.mark.parametrize(("error", "families", "pattern"), EXAMPLES, ids=IDS)
def test_sentence_and_family(error, families, pattern):
    assert all(isinstance(error, family) for family in families)
    assert re.search(pattern, str(error))


@pytest.mark.parametrize(("error", "families", "pattern"), EXAMPLES, ids=IDS)
def test_pickling_keeps_everything(error, families, pattern):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.args) == (type(error), str(error), error.args)


def test_every_error_is_an_example_and_in_the_tree():
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
    classes.remove("FactError")
    assert classes == set(errors.__all__)
    assert {type(error).__name__ for error, _, _ in EXAMPLES} == classes
    assert all(f"── {name}" in errors.__doc__ for name in classes)


def test_control_characters_are_escaped():
    assert str(DuplicateNameError("A(\x1b[31m)")).count("\x1b") == 0
    assert r"\x1b" in str(DuplicateNameError("A(\x1b[31m)"))


def test_a_long_cycle_is_shortened():
    text = str(CycleError(map(str, range(100_000))))
    assert "0 -> 1 -> 2" in text
    assert "99998 -> 99999" in text
    assert len(text) < 300
