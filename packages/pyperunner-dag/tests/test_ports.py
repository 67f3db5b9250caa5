from __future__ import annotations

import typing

from pyperunner_dag import OutputStore, ports


def test_a_store_is_told_by_its_methods(memory_store, located_store):
    assert isinstance(memory_store, OutputStore)
    assert not isinstance(object(), OutputStore)
    assert isinstance(located_store, ports.SupportsLocate)
    assert not isinstance(memory_store, ports.SupportsLocate)


def test_every_port_is_listed_and_speaks_builtins():
    protocols = {name for name, value in vars(ports).items() if getattr(value, "_is_protocol", False)}
    protocols -= {"Protocol", "AbstractContextManager", "Iterable", "Iterator", "Mapping"}
    assert protocols <= set(ports.__all__)
    for name in protocols:
        for method in vars(getattr(ports, name)).values():
            if callable(method) and getattr(method, "__module__", "") == ports.__name__ and method.__doc__:
                assert typing.get_type_hints(method)
