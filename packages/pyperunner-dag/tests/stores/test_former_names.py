"""Former names: what version 0.2.0 has written finds everything where it left it, and gets the keys it got then."""

from __future__ import annotations

import base64
import importlib
import pickle
import pickletools
import zlib

import pytest

from pyperunner_dag import DAG, CycleError, Difference, Node, Options, Secret, Sequential, Task, TaskParamError
from pyperunner_dag.stores.former_names import MODULES
from pyperunner_keys import digest

WRITTEN = [  # a value, its digest under version 0.2.0, and the pickle made there
    (
        Secret(env="TOKEN", key="a"),
        "06af25e6e14d934e0f064fa71ca04332",
        "gASVOAAAAAAAAACMFnB5cGVydW5uZXJfZGFnLl9zZWNyZXSUjAlfZnJvbV9lbnaUk5SMBVRPS0VOlIwBYZSGlFKULg==",
    ),
    (
        Options(timeout=60, env={"A": "1"}),
        "f403c0cf5f1be9941adfb17de5d00f3e",
        (
            "gASVUQAAAAAAAACMF3B5cGVydW5uZXJfZGFnLl9vcHRpb25zlIwFX21hZGWUk5R9lCiMB3RpbWVvdXSUR0BOAAAAAAAAjANlbnaU"
            "fZSMAUGUjAExlHN1hZRSlC4="
        ),
    ),
    (
        Task.Status.SUCCESS,
        "4cb8529a4a73cf96583efb652fd2fd7c",
        "gASVMwAAAAAAAACMFnB5cGVydW5uZXJfZGFnLl9zdGF0dXOUjAZTdGF0dXOUk5SMB1NVQ0NFU1OUhZRSlC4=",
    ),
    (
        Task.TaskResult(Task.Status.FAILURE, traceback="…"),
        "e9196861a21370f1491a6facb4866b6f",
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
    # The names in it, not its bytes: how an enumeration is pickled differs even between releases of Python 3.11.
    assert _names(pickle.dumps(value, 4)) >= _names(base64.b64decode(pickled)) - {"SUCCESS"}


def _names(pickled):
    """The texts in a pickle: the modules and names of classes and functions are among them."""
    return {argument for _, argument, _ in pickletools.genops(pickled) if isinstance(argument, str)}


@pytest.mark.parametrize(("value", "key", "pickled"), WRITTEN, ids=lambda part: type(part).__name__)
def test_old_pickles_are_read_in_a_process_that_has_imported_nothing(value, key, pickled, in_new_process):
    read = f"import base64, pickle; print(type(pickle.loads(base64.b64decode({pickled!r}))).__qualname__)"
    assert in_new_process(read).strip() == type(value).__qualname__


@pytest.mark.parametrize("former", sorted(MODULES))
def test_a_former_module_has_what_the_present_one_has(former):
    present = importlib.import_module(f"pyperunner_dag.{MODULES[former]}")
    before = importlib.import_module(f"pyperunner_dag.{former}")
    assert [name for name in present.__all__ if getattr(before, name) is not getattr(present, name)] == []


FLOW = """
from pyperunner_dag import Task, run


class Load(Task):
    @run
    def run(self, path, n=1):
        return n


class Join(Task):
    @run
    def run(self, data, other, n=1):
        return n
"""
# Made there from this module: Join(other=[Load("b", path=["y.csv"]), 3], n=1)(Load("a", path="x.csv", n=2)) with
# options(timeout=5), hashed; and the same task detached.
HASH = "cd3bd7e7dcb9ebf37d3ccf817a823eae"
WHOLE = (
    "eNqFVftr3EYQTmLf2XnQhBD6SEOrNKWcqTmvdqVdbfpK36QOTkhMKRRz3af3yJ106JHUPwSaH1IILLSQLfTP7Ui6OI5NW4FgtTOz8+3M"
    "941+W/3rztqp7vHnbVHOTTmxs+Jx8Ks/FNM8vAgbT8OTMPKruZib4Ift7mgj+PXJQpQmr6uwF9wpv3qnEPrQ2w38WrsxEhvBre0FvzaZ"
    "5osGnDf82Yly05mGWPB0KzuVH1a1qJsq+DcXBwtTNnkOILTYH09eGoYP+sWL4M/v3N2dPNj98v7ut9+EZ+E+GEtTNbM67PizWtQCcNUu"
    "+FPBr9RiP/jTonOZtfie+yGgFvOqv1LvOfh1rKpH4JiH7TONHy6RPgHLxIkKPCJNlbZZLAnPsjjNsgTHNCEoTTVl3CZJ66oKDfW5duQK"
    "D81BNZ7Yab5vykU5zWtA/92Rr8PaDvV031RgjiQhSHIptZLISCkSiazRmifKGAEQIBFcoO7xXzrSr3FXfx9xzmNkeCwkoczEFsXUkFjG"
    "gBZjmuLgrxyPGgNciFSUiQSlnCWGUGpTcNcIFoyRlKdxEhq/ui8WXWHW5oVuZqZbX92q54ut/tCto2cvDtrKYa4xpQlULWGUxxKbJI65"
    "0hxjg4UIlV9/ZMpqWuTdacPFTKju4JHD/q0T1Vya/eBeu4ASjvxAzUQFWz0F/RvHMVzu7FHHx11RPdy4eS7U4Wlwiftq5Ndtk6sa0gOl"
    "X1XjxCFZBM8tsJ1rF9rYCNajyszsZtTSaDPKP4vh5Gj5lKZuyjzK+1RQurIoakjZSFBO3+7+ktd9lGAtDTcmYVITpIXJKDaEpTIBfhEp"
    "g7vRMiNtCSiYRgoZaoVEBEsZaxwDT5iAHINJCSQJ7oPtM7+HRgp30Z07pkfZ69Fd3HCXevW5y+5t986Ou+reddf8aUj23nP3Ptiug2wH"
    "B500QAQfws5HPhKSM5mZVGQ6FnGCJFEMAVirCcloDMlHbtPda8MBMmaYKWqUwoQja6mwDIIgFEmrFfTe7e74C6CQmemk3hPqQj8rJi+J"
    "3shnoUN7FCm8S5w3tk938PygqJ0pYRyN3I/bK6Zq8SpNpGaGgZ64kZYwTZQCJTORYWKEafF+vKzR2EcgNWqQVDohMQGJS4GholxYngoN"
    "HA4OnRBeNyZ9RA1FlsiMkSRLKXQKgZosQlSbOGYIHRNeG7UUXqZsQk0iEOIJZxZjxAiOmbScckkkCM9RuGcG7033SeU+hcXnLeAS+Ou+"
    "Xg7qf+V9N7Bf433dxt32668wnIj94j/o3g7Zzagr9v+w3t11dSM7OgCDFdFZiokCVqg4szK1jEONBckU0zxLOjo4BZ1c7w7/Od6DZlbO"
    "QPhD2F2dTWFGQnvbdQ0X6lr9k/vFVG33H4lZY9oRigjNlCLcYCkyLgSkVUxpRIS1iVKhMlXl14pF3c2c12ZM99M5tAwmc6HbGdNOvHo6"
    "N0VTh+9vXel/l1X387kwKR7nhyF/AKC//2zk+B/5upfU"
)
DETACHED = (
    "eNqFVEuL3EYQtvE81t4QNomDnZCAcgkaWGYktUZqGYJ9ciAOIYTkFIyofk0LayShbtnswRAffDA0OJD2/01JM95s1gf3RSXV69NXX/Vf"
    "s3fr+Y3puFPV9nvZl6puX3g3+6mtGv+PX73yL33oZg3spXeL8Wu48u6k7KCXjTX+qXf3u4tO9kPTYLaA3boU0gLXUmDcH52xvYT9ZSk9"
    "d8ufWxAhrLxeYvayrJpuwEord7vkuqoFFsZId+uZvPAuPAZvRMaFojEjBaXxltI0ibOURNutyPJCpal381KD0d4FHw0dGOgzfXoNETsg"
    "0mcr/dlLr7849marDbAiZ1RugYoY4jRihOdRIokShNAsFl5/6YKPBg3stR8ru9sCLCCDFsHewB+1sPP6O7foZY0N/Ru3QHZhb0YWbjb+"
    "yU3jFkeS8Mu8tVr2SHyo7z25Jc3YmwvCRC5zwVkhmSK5IJwjBTnQhEiQIzm8Ffj85sqwkGCzLlXV7GTf9VVjvTt9fOXtcvwLUe2kQXcg"
    "hchkxLhISUyQVQaJBFGAKrYg0niLjRD7BDR0Z1cktZ4E5YJMZpEijOYkpdsMZxRBGqkoyoSM4zyKvLt7PWuNcDGTcpVmMoUoKtIiV0kS"
    "5SSJc6aKrGCE4VTdbAfdxNFy34qhlpP99cbuu82h6OZq7e5i1EpSiCTLEDpN86yIWSLTOC64KJJEJgDeuJPnsjdV20zVFl0NfCoc6szd"
    "+4DNo9vNfx0NpDB0c16DMe93yn16HcPnkz+Ydut3MM9WD+546195TfXj0J2ooeEW2+M2/cfGB0UeBngeoe/OaAipArRDI2t1HoxyOw8m"
    "2ZwHzQ8xNgiOp5d26JugOXREBvu2tdh5YLjjh6mP/6q/R40RQbcJ4Ume8JgqtlV5gQoAQnkuCpoiU/MSd134X9wnqKpalsaCPQzhZOr+"
    "Z/wUdWvQPcm5fC8VvcKQWV2hxFDWo22Rh0niX+lvpRlV/xzqAfUbsIhklHNSyIQBLQAQFs+5iAgolXLujTTGLdvOTiP734im2+nSMy/3"
    "IMYRjYKx1V62g/U/Prp7uBDNa/+bR6Tti+Yy5S0Cqv8e2PpfxSvbFA=="
)


@pytest.mark.parametrize("pickled", [WHOLE, DETACHED], ids=["whole", "detached"])
def test_a_task_of_0_2_0_keeps_its_key_until_something_is_set(pickled, module):
    module("former_flow", FLOW)
    task = pickle.loads(zlib.decompress(base64.b64decode(pickled)))
    assert task.key == f"Join()/{HASH}"
    assert task.key_parts()["inputs"]["other"]["list"][0] == {"task": ["Load(b)", task.upstream[1].key[-32:]]}
    assert task.own_options == {"timeout": 5.0}
    if isinstance(task.parents[0], Task):
        task.parents[0].set_params(path="x.csv", n=3)
        assert task.hash() != HASH
        assert pickle.loads(pickle.dumps(task)).key == task.key
