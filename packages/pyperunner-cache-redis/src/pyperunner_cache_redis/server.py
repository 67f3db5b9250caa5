"""Server: the connection to it, and what its errors are to the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pyperunner_cache import BadURLError, CacheError, ReadOnlyStoreError, StorageError, StoreFullError

__all__ = ["Server", "translating"]

_FULL, _IS_FULL = ("OOM", "MISCONF"), "'maxmemory'"
_REFUSED = ("NOPERM", "READONLY", "NOAUTH", "WRONGPASS", "NOREPLICAS")
_DEFAULTS = {"socket_connect_timeout": 10.0, "socket_timeout": 60.0, "health_check_interval": 30}


class Server:
    """A server, connected to when it is first asked.

    Args:
        url: ``redis://host:port/number`` or ``rediss://`` for TLS, without credentials.
        options: Arguments of ``redis.Redis``, such as ``{"password": …}`` and ``{"ssl_ca_certs": …}``.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.url, self.options = url, dict(options)
        self._opened: tuple[int, Any] | None = None
        self._scripts: dict[str, Any] = {}

    @property
    def client(self) -> Any:
        """The client of redis-py; one for each process."""
        if self._opened is None or self._opened[0] != os.getpid():
            import redis
            from redis.backoff import ExponentialBackoff
            from redis.retry import Retry

            known = {name: os.environ[variable] for name, variable in _VARIABLES.items() if os.environ.get(variable)}
            how = {"retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), 3), **_DEFAULTS, **known, **self.options}
            try:
                self._opened = os.getpid(), redis.Redis.from_url(self.url, **how)
            except ValueError as error:
                raise BadURLError(self.url, str(error)) from None
            self._scripts = {}
        return self._opened[1]

    def call(self, script: str, keys: Sequence[bytes], args: Sequence[Any] = ()) -> Any:
        """Run a script, which the server has from the second time on."""
        client = self.client
        if script not in self._scripts:
            self._scripts[script] = client.register_script(script)
        return self._scripts[script](keys=keys, args=args)

    def close(self) -> None:
        """Let go of the connections."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None


_VARIABLES = {"username": "REDIS_USERNAME", "password": "REDIS_PASSWORD"}
"""Where credentials are looked for that are not among the options."""


@contextmanager
def translating(action: str, key: str | None, place: str) -> Iterator[None]:
    """Turn whatever redis-py and the system raise in the block into the cache's errors."""
    import redis

    try:
        yield
    except (CacheError, TimeoutError) as error:
        if isinstance(error, CacheError):
            raise
        raise StorageError(action, key, place, str(error) or type(error).__name__) from error
    except redis.RedisError as error:
        said = str(error)
        kind = StoreFullError if said.startswith(_FULL) or _IS_FULL in said else StorageError
        kind = ReadOnlyStoreError if said.startswith(_REFUSED) or isinstance(error, _refusals()) else kind
        raise kind(action, key, place, f"{type(error).__name__}: {said}") from error
    except OSError as error:
        raise StorageError(action, key, place, error.strerror or str(error)) from error


def _refusals() -> tuple[type[Exception], ...]:
    import redis

    found = (getattr(redis.exceptions, name, None) for name in ("NoPermissionError", "ReadOnlyError"))
    return tuple(each for each in (redis.AuthenticationError, *found) if each is not None)
