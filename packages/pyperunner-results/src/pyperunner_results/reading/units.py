"""Units: seconds and bytes in words."""

from __future__ import annotations

__all__ = ["duration", "memory"]


def duration(seconds: float) -> str:
    """Return a time span with about three digits: ``35 ms``, ``2.50 s``, ``3 min 5 s``, ``2 h 7 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def memory(size: float) -> str:
    """Return a number of bytes in binary units with about three digits: ``512 B``, ``1.50 MiB``."""
    if abs(size) < 1024:
        return f"{size:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if abs(size) < 1023.5 or unit == "TiB":
            break
    return f"{size:.{2 if abs(size) < 9.995 else 1 if abs(size) < 99.95 else 0}f} {unit}"
