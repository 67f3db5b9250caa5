"""What may be the name of a task."""

from __future__ import annotations

from pyperunner_dag.errors import TaskNameError

__all__ = ["check_text"]


def check_text(task_name: str, tag: object) -> None:
    """Refuse what no file name, YAML file or store could carry."""
    if type(tag) is str and tag.isascii() and task_name.isascii() and "\0" not in tag and "\0" not in task_name:
        return
    if not isinstance(tag, str):
        raise TaskNameError(task_name, tag, f"a tag is text, not {type(tag).__name__}")
    for text in (task_name, tag):
        if "\0" in text:
            raise TaskNameError(task_name, tag, "there is a NUL character in it")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise TaskNameError(task_name, tag, "it is not valid Unicode text (a lone surrogate)") from None
