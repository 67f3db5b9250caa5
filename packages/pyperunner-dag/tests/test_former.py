"""Former names: what version 0.2.0 has written finds everything where it left it, and gets the keys it got then."""

from __future__ import annotations

import base64
import importlib
import pickle

import pytest

from pyperunner_dag import DAG, CycleError, Difference, Node, Options, Secret, Sequential, Task, TaskParamError, former
from pyperunner_keys import digest

WRITTEN = [  # a value, its digest under version 0.2.0, and the pickle made there
    (
        Secret(env="TOKEN", key="a"),
        "06af25e6e14d934e0f064fa71ca04332",
        "gASVOAAAAAAAAACMFnB5cGVydW5uZXJfZGFnLl9zZWNyZXSUjAlfZnJvbV9lbnaUk5SMBVRPS0VOlIwBYZSGlFKULg==",
    ),
    (
        Options(timeout=60, env={"A": "1"}),
        "d28760b892f8dc63883fea12417d3ea2",
        (
            "gASVUQAAAAAAAACMF3B5cGVydW5uZXJfZGFnLl9vcHRpb25zlIwFX21hZGWUk5R9lCiMB3RpbWVvdXSUR0BOAAAAAAAAjANlbnaU"
            "fZSMAUGUjAExlHN1hZRSlC4="
        ),
    ),
    (
        Task.Status.SUCCESS,
        "a90ff1521cb1a8aa9706ac395e76bb44",
        "gASVMwAAAAAAAACMFnB5cGVydW5uZXJfZGFnLl9zdGF0dXOUjAZTdGF0dXOUk5SMB1NVQ0NFU1OUhZRSlC4=",
    ),
    (
        Task.TaskResult(Task.Status.FAILURE, traceback="…"),
        "09f3f3b79dea7515c9defed302259b28",
        (
            "gASViAAAAAAAAACMFnB5cGVydW5uZXJfZGFnLl9zdGF0dXOUjApUYXNrUmVzdWx0lJOUKYGUfZQojAZzdGF0dXOUaACMBlN0YXR1"
            "c5STlIwHRkFJTFVSRZSFlFKUjAlleGNlcHRpb26UTowJdHJhY2ViYWNrlIwD4oCmlIwHX291dHB1dJROjAVfbG9hZJROdWIu"
        ),
    ),
    (
        Difference("param", "param n: 1 → 2"),
        "da94908adb32ab215603587e90cec255",
        (
            "gASVUAAAAAAAAACMG3B5cGVydW5uZXJfZGFnLl9kaWZmZXJlbmNlc5SMCkRpZmZlcmVuY2WUk5SMBXBhcmFtlIwQcGFyYW0gbjog"
            "MSDihpIgMpSMAJSHlIGULg=="
        ),
    ),
    (
        Sequential("p"),
        "d81ea5dcb602e8ed2be69736521d9f33",
        (
            "gASViQAAAAAAAACMGHB5cGVydW5uZXJfZGFnLl9waXBlbGluZZSMClNlcXVlbnRpYWyUk5QpgZR9lCiMBG5hbWWUjAFwlIwHb3B0"
            "aW9uc5SMF3B5cGVydW5uZXJfZGFnLl9vcHRpb25zlIwFX21hZGWUk5R9lIWUUpSMBl9hZGRlZJRdlIwIX3Jlc3VsdHOUTnViLg=="
        ),
    ),
    (
        DAG([Node("n")]),
        "68f534501a6e8e36ab95a5afc7f2f9a7",
        (
            "gASVrwAAAAAAAACME3B5cGVydW5uZXJfZGFnLl9kYWeUjANEQUeUk5QpgZR9lCiMCV91cHN0cmVhbZR9lIwUcHlwZXJ1bm5lcl9k"
            "YWcuX25vZGWUjAROb2RllJOUKYGUfZQojARuYW1llIwBbpSMCF9wYXJlbnRzlF2UjAdfaW5wdXRzlCmMCV9jaGlsZHJlbpR9lHVi"
            "XZRzjAhfYnlfbmFtZZR9lGgNaApzjAVub2Rlc5RoCoWUdWIu"
        ),
    ),
    (
        TaskParamError("Load", "csv", "missing n"),
        "fab8c595a777f725814131bc78b29aa1",
        (
            "gASVTwAAAAAAAACMG3B5cGVydW5uZXJfZGFnLl9lcnJvcnNfdGFza5SMDlRhc2tQYXJhbUVycm9ylJOUjARMb2FklIwDY3N2lIwJ"
            "bWlzc2luZyBulIeUUpQu"
        ),
    ),
    (
        CycleError(["a", "b", "a"]),
        "a56172452c5e0a808202e163e76895a8",
        "gASVOQAAAAAAAACMFnB5cGVydW5uZXJfZGFnLl9lcnJvcnOUjApDeWNsZUVycm9ylJOUjAFhlIwBYpRoA4eUhZRSlC4=",
    ),
]


@pytest.mark.parametrize(("value", "key", "pickled"), WRITTEN, ids=lambda part: type(part).__name__)
def test_values_have_the_digests_and_the_pickles_they_had(value, key, pickled):
    assert digest(value) == key
    assert pickle.dumps(value, 4) == base64.b64decode(pickled)


@pytest.mark.parametrize(("value", "key", "pickled"), WRITTEN, ids=lambda part: type(part).__name__)
def test_old_pickles_are_read_in_a_process_that_has_imported_nothing(value, key, pickled, in_new_process):
    read = f"import base64, pickle; print(type(pickle.loads(base64.b64decode({pickled!r}))).__qualname__)"
    assert in_new_process(read).strip() == type(value).__qualname__


@pytest.mark.parametrize("name", sorted(former.MODULES))
def test_a_former_module_is_a_present_one(name):
    assert importlib.import_module(f"pyperunner_dag.{name}") is former.MODULES[name]
