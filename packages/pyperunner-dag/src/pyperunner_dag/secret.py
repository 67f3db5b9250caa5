"""Secrets: params that reach the task and are written nowhere."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from typing import Any

__all__ = ["Secret", "known_secrets", "revealed"]

_NOT_GIVEN = object()


class Secret:
    """A param whose value the task gets, while key, record, log, report and store hold at most a label for it.

    Give it as a param itself, ``fetch(password=Secret(env="DB_PASSWORD"))``; the task's ``password`` is then the
    value. Inside another value it arrives as it is, and ``reveal()`` gives the value.

    Args:
        value: The value.
        env: Name of the environment variable that holds it, read when the task runs.
        key: A label that counts in the cache key in the place of the value. Change it when the value comes to mean
            something else, such as another account; without one, the secret does not count.

    Raises:
        TypeError: Not just one of ``value`` and ``env`` is given.
    """

    __slots__ = ("__weakref__", "_value", "env", "key")

    def __init__(self, value: object = _NOT_GIVEN, *, env: str | None = None, key: str | None = None) -> None:
        if (value is _NOT_GIVEN) == (env is None):
            raise TypeError("a Secret takes either a value or env=, the name of an environment variable")
        self._value: Any = value
        self.env = env
        self.key = key
        _LIVING.add(self)

    def __repr__(self) -> str:
        return "Secret(…)" if self.env is None else f"Secret(env={self.env!r})"

    @property
    def is_set(self) -> bool:
        """Whether there is a value; an environment variable may be missing."""
        return self.env is None or self.env in os.environ

    def reveal(self) -> Any:
        """Return the value.

        Raises:
            KeyError: The environment variable is not set.
        """
        return self._value if self.env is None else os.environ[self.env]

    def __pyperunner_key__(self) -> tuple[str, str | None]:
        """Return what counts in a key: the label alone."""
        return ("secret", self.key)

    def __reduce__(self) -> tuple[object, ...]:
        if self.env is None:
            raise TypeError("a Secret made from a value can't be stored or sent; Secret(env=…) can, without its value")
        return _from_env, (self.env, self.key)


def _from_env(env: str, key: str | None) -> Secret:
    return Secret(env=env, key=key)


_from_env.__module__ = "pyperunner_dag._secret"  # as pickles name it


def revealed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``params`` with values in the place of secrets."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in params.items()}


_LIVING: weakref.WeakSet[Secret] = weakref.WeakSet()
"""Those of this process, wherever in a param they stand."""


def known_secrets() -> list[Any]:
    """Return the values of all secrets that this process has, so that what is written can be kept free of them."""
    return [secret.reveal() for secret in list(_LIVING) if secret.is_set]
