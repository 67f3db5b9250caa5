"""Seeds: what the random numbers of a task are seeded with, and with what the program has seeded its own.

A task draws the same numbers in every run, on every executor: its seed is made of its name, not of its code or of what
is upstream, so that a refactoring changes no draw. A program that has seeded a generator itself keeps deciding: what it
gave is mixed in, and counts in the key.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pyperunner_dag.identity.mersenne import blocks_back, seed_of_state

if TYPE_CHECKING:
    from pyperunner_dag.options import Options

__all__ = ["Seeded", "counted_seeds", "program_seeds", "seed_of"]

_TORCHS_OWN = 67280421310721
"""What torch seeds itself with (c10/core/GeneratorImpl.h)."""
State: TypeAlias = "bytes | tuple[int, ...]"
_MOST = 8
_seen: dict[str, list[tuple[State, int | None]]] = {}
"""By generator: the states that were looked at, the last one first, each with the seed that was found."""


class Seeded(Protocol):
    """What a seed asks of its task."""

    of: Any
    options: Options

    @property
    def own_name(self) -> str:
        """Its name without what tells it from others of that name in one graph."""
        ...

    @property
    def identity(self) -> _Identity:
        """What its hash is made of."""
        ...


class _Identity(Protocol):
    digests: dict[str, str]
    inputs: dict[str, Any]
    seeds: Mapping[str, int | str]


def program_seeds() -> dict[str, int | str]:
    """Return the seeds that the program has given to `random`, numpy's global generator and torch, by their modules."""
    found: dict[str, int | None] = {name: _seed(name, state) for name, state in _states().items()}
    torch = getattr(sys.modules.get("torch"), "initial_seed", None)
    if torch is not None and (seed := torch()) != _TORCHS_OWN:
        found["torch"] = seed
    return {name: seed if seed < 1 << 63 else hex(seed) for name, seed in found.items() if seed is not None}


def seed_of(task: Seeded, attempt: int) -> str | int | None:
    """Return what a task's generators are seeded with: text of one's own, the number it asked for, or nothing.

    Args:
        task: The task, hashed.
        attempt: Which one it is.
    """
    asked = task.options.seed
    if asked is None or isinstance(asked, int):
        return asked
    from pyperunner_keys import digest

    of_attempt = [attempt] if asked == "attempt" else []
    name: Any = task.own_name if task.of is None else [task.own_name, _own(task)]
    return digest(["pyperunner/seed/1", name, sorted(task.identity.seeds.items()), *of_attempt])


def _own(element: Seeded) -> list[Any]:
    """Return what tells an element of a mapped task from others, wherever it stands in the list."""
    key = element.identity
    return [dict(sorted(key.digests.items())), dict(sorted(key.inputs.items()))]


def counted_seeds(options: Options, seeds: Mapping[str, int | str]) -> dict[str, Any]:
    """Return what of the seeds counts in a key: the option if it was given, and the program's where they decide."""
    given = {} if options.seed == "task" else {"seed": options.seed}
    return {**given, "seeds of the program": dict(seeds)} if seeds and not isinstance(options.seed, int) else given


def _states() -> dict[str, State]:
    """Return the states of the Mersenne Twisters that everybody shares, by the modules that have them."""
    found: dict[str, State] = {}
    if "random" in sys.modules:
        found["random"] = sys.modules["random"].getstate()[1]
    get_state = getattr(sys.modules.get("numpy.random"), "get_state", None)
    state = {} if get_state is None else get_state(legacy=False)
    if state.get("bit_generator") == "MT19937":
        found["numpy.random"] = state["state"]["key"].tobytes()
    return found


def _seed(name: str, state: State) -> int | None:
    seen = _seen.setdefault(name, [])
    if not seen or state != seen[0][0]:
        words = _words(state)
        found = seed_of_state(words)
        if found is None and seen:
            found = _seed_before(words, seen)
        seen.insert(0, (state, found))
        del seen[_MOST:]
    return seen[0][1]


def _seed_before(words: Sequence[int], seen: Sequence[tuple[State, int | None]]) -> int | None:
    """Return the seed of the state that this one has come from: one to which somebody has gone back, or the last one,
    if more has been drawn since than is looked back.
    """
    if all(seed == seen[0][1] for _, seed in seen):
        return seen[0][1]
    known = {tuple(_words(state)[1:]): seed for state, seed in reversed(seen)}
    for block in blocks_back(words):
        if (before := tuple(block[1:])) in known:
            return known[before]
    return seen[0][1]


def _words(state: State) -> Sequence[int]:
    # That of random has its position behind its words.
    return state[:-1] if isinstance(state, tuple) else memoryview(state).cast("I").tolist()
