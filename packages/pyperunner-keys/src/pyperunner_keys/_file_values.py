"""Kept for stores written by 0.2.0, whose pickles name it; see ``pyperunner_keys.files.values``."""

from __future__ import annotations

from pyperunner_keys.files.values import File, FileState, Folder, look, look_ahead, note, record, recording

__all__ = ["File", "FileState", "Folder", "look", "look_ahead", "note", "record", "recording"]
