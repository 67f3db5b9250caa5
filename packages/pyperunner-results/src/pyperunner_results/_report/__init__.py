"""``report.html``: a run in one file that needs no network and runs under a strict content-security policy."""

from __future__ import annotations

from ._write import write_report

__all__ = ["write_report"]
