"""Devices of a worker: which of its graphics cards each job may see, so that two jobs at once never share one.

The resource ``gpu`` counts them. The runner decides by their places, ``0`` to ``n - 1``; what a place is called, the
worker knows: it is the name at that place in its own ``CUDA_VISIBLE_DEVICES``, or the number itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

__all__ = ["Devices", "devices_in", "lacking_devices", "variables"]

_RESOURCE = "gpu"
_VARIABLE = "CUDA_VISIBLE_DEVICES"
_NAME = re.compile(r"\d+|(GPU|MIG)-\S+")  # CUDA stops at the first of its names that is none


def devices_in(amounts: Mapping[str, float]) -> Fraction:
    """Return how many devices there are among resources; Dask's own pages write ``GPU``."""
    found = [Fraction(str(amount)) for name, amount in amounts.items() if name.lower() == _RESOURCE]
    return sum(found, Fraction(0))


class Devices:
    """Which devices of a worker are free. Pure.

    A job that asks for whole ones has them for itself; parts of one are shared by jobs that ask for parts.

    Args:
        count: How many there are.
    """

    def __init__(self, count: Fraction) -> None:
        whole, part = divmod(count, 1)
        self._free = [Fraction(1)] * int(whole) + [part] * bool(part)
        self._held: dict[str, list[tuple[int, Fraction]]] = {}

    def fits(self, asked: Fraction) -> bool:
        """Whether a job that asks for so many can have them now."""
        return self._find(asked) is not None

    def take(self, job: str, asked: Fraction) -> Sequence[int]:
        """Let a job have so many until ``release``; return their places."""
        found = self._find(asked) or []
        self._held[job] = found
        for place, amount in found:
            self._free[place] -= amount
        return [place for place, _ in found]

    def release(self, job: str) -> None:
        """Take back what a job has, if anything."""
        for place, amount in self._held.pop(job, ()):
            self._free[place] += amount

    def _find(self, asked: Fraction) -> list[tuple[int, Fraction]] | None:
        whole, part = divmod(asked, 1)
        free = [place for place, left in enumerate(self._free) if left == 1]
        if len(free) < whole:
            return None
        found = [(place, Fraction(1)) for place in free[: int(whole)]]
        if part:
            taken = set(free[: int(whole)])
            enough = [(left, place) for place, left in enumerate(self._free) if left >= part and place not in taken]
            if not enough:
                return None
            found.append((min(enough)[1], part))  # where the least stays free, so that whole ones stay whole
        return found


def variables(places: Sequence[int], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables with which a job sees the devices at these places, and no others."""
    if not places:
        return {}
    names = _names(environ)
    return {_VARIABLE: ",".join(str(place) if names is None else names[place] for place in places)}


def lacking_devices(resources: Mapping[str, float], environ: Mapping[str, str]) -> list[str]:
    """Return the problem, if a worker counts more devices than it sees."""
    count, names = math.ceil(devices_in(resources)), _names(environ)
    if names is None or count <= len(names):
        return []
    text = f"it was started with {_RESOURCE}={count}, and its {_VARIABLE} ({environ[_VARIABLE]}) names {len(names)}; "
    return [f'{text}start it with --resources "{_RESOURCE}={len(names)}", or with a {_VARIABLE} that names {count}']


def _names(environ: Mapping[str, str]) -> list[str] | None:
    """Return what the variable names, ``None`` where it is not set."""
    given = environ.get(_VARIABLE)
    return None if given is None else list(_valid(given))


def _valid(given: str) -> Iterator[str]:
    for name in given.split(","):
        if not _NAME.fullmatch(name.strip()):
            return
        yield name.strip()
