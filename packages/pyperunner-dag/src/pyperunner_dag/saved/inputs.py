"""Named inputs in the saved form of a pipeline: nestings of task names.

A name stands for its task, a list for a list, ``{$tuple: [...]}`` for a tuple, a mapping for a dict, ``{$dict: [[key,
inner], …]}`` for one whose keys are not plain text, ``{$part: [name, key, …]}`` for a part of a task's output,
``{$successes: name}`` for what has succeeded of a mapped one, and ``{$value: …}`` for anything that holds no task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import PipelineFileError

if TYPE_CHECKING:
    from pyperunner_dag.saved.values_code import Convert
    from pyperunner_dag.schema import Plain

__all__ = ["input_names", "inputs_from_plain", "is_path"]


def _tagged(nesting: Mapping[str, Plain]) -> tuple[str, Plain]:
    """Return the mark of a mapping and what is marked; without a mark it is ``''`` and the mapping."""
    tag = next((key for key in nesting if isinstance(key, str) and key.startswith("$")), "")
    return tag, nesting[tag] if tag else nesting


def input_names(task: str, nesting: Plain) -> Iterator[str]:
    """Yield the names of the tasks in a nesting, having checked its form.

    Args:
        task: Task that has these inputs, for the error.
        nesting: What is saved of them.

    Raises:
        PipelineFileError: It is no such nesting.
    """
    stack = [nesting]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
            continue
        tag, content = _tagged(item) if isinstance(item, Mapping) else ("", item)
        if tag == "$value" and len(item) == 1:
            continue
        if tag == "$successes" and len(item) == 1 and isinstance(content, str):
            yield content
            continue
        if tag == "$part" and len(item) == 1 and is_path(content):
            yield content[0]
            continue
        if tag == "$dict" and len(item) == 1 and _are_pairs(content):
            stack.extend(inner for _, inner in content)
        elif isinstance(content, list) and (not tag or (tag == "$tuple" and len(item) == 1)):
            stack.extend(content)
        elif isinstance(content, Mapping) and not tag:
            stack.extend(content.values())
        else:
            raise PipelineFileError(
                f"task {task}: inputs must be names of tasks in lists and mappings, not {item!r:.60}"
            )


def is_path(content: Plain) -> bool:
    """Return whether something is the name of a task and what leads to a part of its output."""
    return (
        isinstance(content, list)
        and len(content) > 1
        and isinstance(content[0], str)
        and all(type(step) in (str, int) for step in content)
    )


def _are_pairs(content: Plain) -> bool:
    return isinstance(content, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in content)


def inputs_from_plain(nesting: Plain, get: Callable[[str], object], plain: Convert) -> Any:
    """Return a nesting that ``input_names`` has checked with tasks in the place of their names.

    Args:
        nesting: What is saved.
        get: Gets a task by its name.
        plain: Makes a value of its saved form.
    """

    def inner(item: Plain) -> Any:
        return inputs_from_plain(item, get, plain)

    if isinstance(nesting, str):
        return get(nesting)
    if isinstance(nesting, list):
        return [inner(item) for item in nesting]
    tag, content = _tagged(nesting)
    if tag == "$value":
        return plain(content)
    if tag == "$successes":
        mapped: Any = get(content)
        return mapped.successes()
    if tag == "$part":
        task: Any = get(content[0])
        return task.output_part(*content[1:])
    if tag == "$tuple":
        return tuple(inner(item) for item in content)
    if tag == "$dict":
        return {plain(key): inner(item) for key, item in content}
    return {key: inner(item) for key, item in content.items()}
