"""The key of a function call."""

from __future__ import annotations

from typing import Any

__all__ = ["call_digest", "name_function"]


def name_function(function: Any) -> str:
    """Return module and qualified name; ``__main__`` under the name it could be imported by."""
    module = function.__module__
    if module == "__main__":
        import pyperunner_keys

        module = pyperunner_keys.importable_name(module)
    return f"{module}.{function.__qualname__}"


def call_digest(code: str, arguments: dict[str, Any]) -> str:
    """Return 32 hex digits for a call.

    Args:
        code: The function's code fingerprint.
        arguments: Values by parameter, in the signature's order.

    Raises:
        TypeError: An argument has no stable form at all; the text names it.
    """
    import pyperunner_keys

    try:
        return pyperunner_keys.digest(["call", code, arguments])
    except pyperunner_keys.UnencodableError:
        encoded = {name: _encoded(name, value) for name, value in arguments.items()}
        return pyperunner_keys.digest(["call", code, encoded])


def _encoded(name: str, value: Any) -> Any:
    """Return ``value`` where it has a canonical encoding, else the digest of its pickle.

    A pickle may differ between equal objects, which costs a miss; it is never the same for different ones.
    """
    import pyperunner_keys

    try:
        pyperunner_keys.encode(value)
    except pyperunner_keys.UnencodableError as error:
        import xxhash

        from pyperunner_cache.values.pickling import dump

        try:
            buffers: list[memoryview] = []
            pickled = dump(value, buffers)
        except Exception:
            hint = f"leave it out of the key with ignore=[{name!r}]"
            raise TypeError(f"the argument {name!r} cannot be part of a key: {error}; {hint}") from error
        whole = xxhash.xxh3_128(pickled)
        for buffer in buffers:
            whole.update(buffer)
        return ("pickle", type(value).__module__, type(value).__qualname__, whole.hexdigest())
    return value
