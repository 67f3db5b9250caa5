"""One module per sub-command; each is a ``pyperunner_cli.registry.CommandModule``."""

from __future__ import annotations
