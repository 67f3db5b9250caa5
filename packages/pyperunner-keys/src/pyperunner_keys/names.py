"""Names that are the same however a script was started."""

from __future__ import annotations

import sys
from functools import lru_cache

__all__ = ["importable_name", "type_name"]


def importable_name(module_name: str) -> str:
    """Return the name under which a module can be imported.

    Only ``__main__`` differs from what it is given: run with ``-m`` it is the name in its spec, run as a script the
    stem of its file. Where there is neither (``-c``, an interactive session) it stays ``__main__``.

    Args:
        module_name: A module's ``__name__``, or an object's ``__module__``.
    """
    if module_name not in ("__main__", "__mp_main__"):
        return module_name
    main = sys.modules.get(module_name)
    spec = getattr(main, "__spec__", None)
    return _main_name(getattr(spec, "name", None), getattr(main, "__file__", None)) or module_name


@lru_cache(maxsize=8)
def _main_name(spec_name: str | None, file: str | None) -> str | None:
    if spec_name and spec_name not in ("__main__", "__mp_main__"):
        # `python -m package` runs it under the spec name `package.__main__`, which imports as it stands.
        return spec_name
    if not file or file.startswith("<"):
        return None
    from pathlib import Path

    return Path(file).stem or None


def type_name(cls: type[object]) -> str:
    """Return a class's importable module and qualified name, joined by a dot; builtins go by their bare name."""
    module = importable_name(cls.__module__) if isinstance(cls.__module__, str) else ""
    return cls.__qualname__ if module in ("builtins", "") else f"{module}.{cls.__qualname__}"
