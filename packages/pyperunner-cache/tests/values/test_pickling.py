from __future__ import annotations

import sys
import threading

import pytest

from pyperunner_cache import UnstorableError
from pyperunner_cache.values.pack import pack


class Holder:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Raises:
    def __reduce__(self):
        raise ValueError("not me")


class Exits:
    def __reduce__(self):
        sys.exit(3)


@pytest.mark.parametrize(
    ("value", "path", "type_name"),
    [
        ({"model": Holder(lock=threading.Lock())}, "result['model'].lock", "lock"),
        ([1, {"a": (0, iter(()).__class__, (x for x in ()))}], "result[1]['a'][2]", "generator"),
        (threading.Lock(), "result", "lock"),
        ([Holder(inner=Holder(bad=Raises()))], "result[0].inner.bad", "Raises"),
        ({"x": [Exits()]}, "result['x'][0]", "Exits"),
        ({"x": memoryview(b"")}, "result['x']", "memoryview"),
    ],
)
def test_the_path_leads_to_the_part(value, path, type_name):
    with pytest.raises(UnstorableError) as caught:
        pack(value)
    assert caught.value.path == path
    assert caught.value.type_name == type_name
    assert path in str(caught.value)


def test_an_interrupt_is_not_an_error_of_the_value():
    class Interrupts:
        def __reduce__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(Interrupts())
