"""Mersenne Twister: the seed that the state of a generator was made from, if it was a short one.

Whoever seeds a generator gives a number or a text; a generator that seeds itself takes as many random words as its
state has. What makes a state of a seed (``init_genrand`` and ``init_by_array``), and the step from one block of words
to the next, can be undone word by word. Source: Matsumoto and Nishimura, Mersenne Twister (1998), mt19937ar.c (2002).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

__all__ = ["blocks_back", "seed_of_state"]

_SIZE, _OFFSET, _TWIST = 624, 397, 0x9908B0DF
_ALL, _HIGH, _LOW = 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF
_INIT, _FIRST_LOOP, _SECOND_LOOP, _START = 1812433253, 1664525, 1566083941, 19650218
_BLOCKS = 6
"""How many blocks of 624 words are looked at, the present one first: two milliseconds' work."""
_LONGEST = 40
"""Words of a seed that is short: `random.seed` makes 17 and more of a text."""


def seed_of_state(words: Sequence[int]) -> int | None:
    """Return the seed that a state of 624 words was made from a while ago; ``None`` where none is found."""
    for block in blocks_back(words):
        for seed in (_number(block), _array(block)):
            if seed is not None:
                return seed
    return None


def blocks_back(words: Sequence[int]) -> Iterator[list[int]]:
    """Yield a state of 624 words and those that it was made from, a few blocks back; of the first word of these only
    the highest bit is known.
    """
    block = list(words)
    # As many words as there are were just given, and nothing was drawn: there is nothing to go back to.
    is_first = block[0] == _HIGH
    for _ in range(1 if is_first else _BLOCKS):
        yield block
        block = _before(block)


def _number(block: list[int]) -> int | None:
    """Return the number that ``init_genrand`` made the state from, without the first word: see `_before`."""
    if any(block[at] != (_mixed(block[at - 1], _INIT) + at) & _ALL for at in range(2, 8)):
        return None
    mixed = (block[1] - 1) * pow(_INIT, -1, 1 << 32) & _ALL
    return mixed ^ (mixed >> 30)


def _array(block: list[int]) -> int | None:
    """Return the array of words, as one number, that ``init_by_array`` made the state from."""
    if not block[0] & _HIGH:
        return None
    last = 4 + 2 * _LONGEST
    between = [0] * 3 + [((block[at] + at) & _ALL) ^ _mixed(block[at - 1], _SECOND_LOOP) for at in range(3, last)]
    start = _started()
    # key[(at - 1) % length] + (at - 1) % length, where the key has that length
    added = [0] * 4 + [
        (between[at] - (start[at] ^ _mixed(between[at - 1], _FIRST_LOOP))) & _ALL for at in range(4, last)
    ]
    for length in range(1, _LONGEST + 1):
        if all(added[at] == added[at + length] for at in range(4, 4 + max(length, 4))):
            places = {(at - 1) % length: added[at] for at in range(4, 4 + length)}
            return sum(((word - place) & _ALL) << (32 * place) for place, word in places.items())
    return None


def _before(block: list[int]) -> list[int]:
    """Return the block of words that this one was made from; of the first one's first word only the highest bit."""
    words = [0] * _SIZE + block
    for at in range(_SIZE - 1, -2, -1):
        twisted = words[at + _SIZE] ^ words[at + _OFFSET]
        joined = ((twisted ^ _TWIST) << 1) | 1 if twisted & _HIGH else twisted << 1
        if at >= 0:
            words[at] |= joined & _HIGH
        if at < _SIZE - 1:
            words[at + 1] |= joined & _LOW
    return words[:_SIZE]


@cache
def _started() -> list[int]:
    words = [_START]
    for at in range(1, 4 + 2 * _LONGEST):
        words.append((_mixed(words[-1], _INIT) + at) & _ALL)
    return words


def _mixed(word: int, factor: int) -> int:
    return (word ^ (word >> 30)) * factor & _ALL
