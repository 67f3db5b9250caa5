"""Random state: the generators that everybody shares, seeded for a task and put back afterwards.

Those of `random`, numpy and torch; of a library that the task itself loads when it is loaded. Threads share them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["seeded"]

_WORDS = 624
"""As many as the state of a Mersenne Twister has; nobody takes so long a seed for one that the program has given."""


@contextmanager
def seeded(seed: str | int | None) -> Iterator[None]:
    """Seed the generators, and put them back.

    Args:
        seed: Text; a number, which is given to every library as it is; ``None`` to leave all alone.
    """
    if seed is None:
        yield
        return
    generators = _Generators(seed)
    sys.meta_path.insert(0, generators)
    try:
        for name in _LIBRARIES:
            if name in sys.modules:
                generators.seed(name)
        yield
    finally:
        with suppress(ValueError):  # the task has taken it out
            sys.meta_path.remove(generators)
        generators.put_back()


class _Generators:
    """Seeds a library, at once or when it is loaded."""

    def __init__(self, seed: str | int) -> None:
        self._seed = seed
        self._undo: dict[str, Callable[[], object]] = {}

    def seed(self, name: str) -> None:
        """Seed a loaded library, once."""
        if name not in self._undo:
            self._undo[name] = lambda: None
            self._undo[name] = _LIBRARIES[name](sys.modules[name], self._seed)

    def put_back(self) -> None:
        """Give every library the state that it had."""
        for undo in self._undo.values():
            undo()

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Have a library seeded as soon as it is loaded."""
        if name not in _LIBRARIES or name in self._undo:
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find_spec(name, path, target) if find_spec and finder is not self else None
            if spec is not None and spec.loader is not None:
                loader: Any = _SeedingLoader(spec.loader, self)
                spec.loader = loader
                return spec
        return None


class _SeedingLoader:
    """Loads a module by its own loader, whose place it gives back, and seeds it."""

    def __init__(self, loader: Any, generators: _Generators) -> None:
        self._loader, self._generators = loader, generators

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """See ``importlib.abc.Loader``."""
        spec = module.__spec__
        module.__loader__ = self._loader
        if spec is not None:
            spec.loader = self._loader
        self._loader.exec_module(module)
        self._generators.seed(module.__name__)


def _seed_random(module: Any, seed: str | int) -> Callable[[], object]:
    before = module.getstate()
    module.seed(seed if isinstance(seed, int) else int.from_bytes(_bytes(seed), "little"))
    return lambda: module.setstate(before)


def _seed_numpy(module: Any, seed: str | int) -> Callable[[], object]:
    before = module.get_state(legacy=False)
    numpy: Any = sys.modules["numpy"]
    with suppress(TypeError):  # the program has put another kind of generator in its place
        module.seed(seed if isinstance(seed, int) else numpy.frombuffer(_bytes(seed), "<u4"))
    return lambda: module.set_state(before)


def _seed_torch(module: Any, seed: str | int) -> Callable[[], object]:
    before = module.get_rng_state()
    module.manual_seed(seed if isinstance(seed, int) else int.from_bytes(_bytes(seed)[:8], "little") >> 1)
    return lambda: module.set_rng_state(before)


_LIBRARIES = {"random": _seed_random, "numpy.random": _seed_numpy, "torch": _seed_torch}
"""Seeds a library and returns what undoes it."""


def _bytes(seed: str) -> bytes:
    import hashlib

    return hashlib.shake_256(seed.encode()).digest(4 * _WORDS)
