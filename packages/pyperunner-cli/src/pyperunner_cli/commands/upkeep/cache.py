"""``pyperunner cache``: what a store holds, by task and by run; what of it nobody needs goes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyperunner_cli.amounts import bytes_of, seconds_of
from pyperunner_cli.commands.upkeep.needs import Needs, needs_of
from pyperunner_cli.commands.upkeep.stores import open_tidy_store, sizes_by_key
from pyperunner_cli.display.counted import counted
from pyperunner_cli.errors import CommandError
from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.loading.recorded_run import DATA_PATH
from pyperunner_cli.loading.recorded_runs import add_log_path
from pyperunner_cli.text import aligned, did_you_mean, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["configure", "execute"]

_EXIT_DAMAGED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions and their arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (what, add, _) in _ACTIONS.items():
        action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        action.add_argument(
            "--data-path", default=DATA_PATH, metavar="PATH", help="the store: a folder or a URL (%(default)s)"
        )
        add_log_path(action)
        add(action)
        add_json(action)


def execute(options: argparse.Namespace) -> int:
    """Do the action."""
    _, _, action = _ACTIONS[options.action]
    return action(options, open_tidy_store(options.data_path))


def _add_du(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", choices=("task", "run"), default="task", help="what to sum up (%(default)s)")


def _add_ls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", nargs="?", default="*", help="entries of this task; a glob for several")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep-pipelines",
        nargs="*",
        metavar="TARGET",
        help="remove what neither these pipelines, as they are now, nor any record needs",
    )
    parser.add_argument("--max-size", type=bytes_of, metavar="SIZE", help="what may stay, such as 20GB: the last used")
    parser.add_argument("--max-age", type=seconds_of, metavar="AGE", help="what was not used for longer goes, as 30d")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    _add_force(parser)


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="remove as well what records and running runs need")


def _add_clear(parser: argparse.ArgumentParser) -> None:
    _add_ls(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    _add_force(parser)


def _no_more(parser: argparse.ArgumentParser) -> None:
    pass


def _du(options: argparse.Namespace, store: Any) -> int:
    sizes = sizes_by_key(store)
    if options.by == "task":
        groups: dict[str, list[int]] = {}
        for key, size in sizes.items():
            groups.setdefault(key.rpartition("/")[0], []).append(size)
        rows = [{"name": name, "entries": len(group), "bytes": sum(group)} for name, group in groups.items()]
        rows.sort(key=lambda row: -row["bytes"])  # type: ignore[operator]
        head: Sequence[str] = ("entries", "size", "task")
    else:
        rows = list(_by_run(needs_of(options.log_path, store, sizes), sizes))
        head = ("entries", "size", "alone", "run")
    totals = store.stat()
    if options.json:
        say_json("cache du", **{f"{options.by}s": rows}, **totals)
        return 0
    print("\n".join(aligned([head, *(_du_row(row) for row in rows)])))
    print(_total(totals))
    return 0


def _by_run(needs: Needs, sizes: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    """Yield what each run needs, what it alone needs, and last what none does."""
    users: dict[str, int] = {}
    for keys in needs.by_run.values():
        for key in keys:
            users[key] = users.get(key, 0) + 1
    for name, keys in needs.by_run.items():
        alone = sum(sizes.get(key, 0) for key in keys if users[key] == 1)
        yield {"name": name, "entries": len(keys), "bytes": sum(sizes.get(key, 0) for key in keys), "alone": alone}
    none = [size for key, size in sizes.items() if key not in users]
    yield {"name": None, "entries": len(none), "bytes": sum(none), "alone": sum(none)}


def _du_row(row: Mapping[str, Any]) -> Sequence[str]:
    from pyperunner_results.reading.units import memory

    figures = [f"{row['entries']}", memory(row["bytes"]), *([memory(row["alone"])] if "alone" in row else [])]
    return [*figures, "(no run)" if row["name"] is None else visible(row["name"])]


def _total(totals: Mapping[str, int]) -> str:
    from pyperunner_results.reading.units import memory

    parts = [f"{_entries(totals['entries'])}, {memory(totals['bytes'])}"]
    if totals["aside"]:
        parts.append(f"{totals['aside']} damaged set aside, {memory(totals['aside_bytes'])}")
    if totals["orphans"]:
        parts.append(f"{totals['orphans']} left by dead writers, {memory(totals['orphan_bytes'])}")
    return "; ".join(parts)


def _ls(options: argparse.Namespace, store: Any) -> int:
    from datetime import datetime

    from pyperunner_results.reading.units import memory

    found = sorted(
        _matching(store, options.task), key=lambda entry: (entry["key"].rpartition("/")[0], entry["modified"])
    )
    if options.json:
        say_json("cache ls", entries=found)
        return 0
    rows = [
        (memory(each["size"]), f"{datetime.fromtimestamp(each['modified']):%Y-%m-%d %H:%M:%S}", visible(each["key"]))
        for each in found
    ]
    print("\n".join(aligned([("size", "stored", "key"), *rows])))
    return 0


def _matching(store: Any, task: str) -> list[dict[str, Any]]:
    """Return the entries of the task of that name, else of those that a glob fits.

    Raises:
        CommandError: There is none.
    """
    from fnmatch import fnmatchcase

    entries = list(store.entries())
    names = {entry["key"].rpartition("/")[0] for entry in entries}
    chosen = {task} if task in names else {name for name in names if fnmatchcase(name, task)}
    if not chosen and task != "*":
        raise CommandError(f"the store holds nothing of {task!r}. {did_you_mean(task, sorted(names))}")
    return [entry for entry in entries if entry["key"].rpartition("/")[0] in chosen]


def _gc(options: argparse.Namespace, store: Any) -> int:
    sizes = sizes_by_key(store)
    needed = set() if options.force else needs_of(options.log_path, store, sizes).all
    age = options.max_age
    if options.keep_pipelines is not None:
        needed |= _of_pipelines(options, store, sizes)
        age = 0.0 if age is None else age
    with counted("entries looked at") as progress:
        done = store.gc(options.max_size, age, needed, dry_run=options.dry_run, progress=progress)
    if options.json:
        say_json("cache gc", dry_run=options.dry_run, needed=len(needed), **done)
    else:
        print(_gone(done["evicted"], done["evicted_bytes"], dry_run=options.dry_run, needed=len(needed)))
        if done["orphans"]:
            print(f"and {done['orphans']} damaged or left by dead writers")
    return 0


def _of_pipelines(options: argparse.Namespace, store: Any, sizes: Mapping[str, int]) -> set[str]:
    from pyperunner_cli.commands.upkeep.needs import with_targets
    from pyperunner_cli.loading.printing import stdout_to_stderr
    from pyperunner_cli.loading.target import resolve

    keys: set[str] = set()
    for target in options.keep_pipelines:
        with stdout_to_stderr():
            keys |= {task.key for task in resolve(target).dag()}
    return with_targets(store, keys & sizes.keys())


def _clear(options: argparse.Namespace, store: Any) -> int:
    found = {entry["key"]: entry["size"] for entry in _matching(store, options.task)}
    needed = set() if options.force else needs_of(options.log_path, store, sizes_by_key(store)).all & found.keys()
    gone = [key for key in found if key not in needed]
    removed = [key for key in gone if options.dry_run or store.delete(key)]
    size = sum(found[key] for key in removed)
    if options.json:
        facts = {"evicted": len(removed), "evicted_bytes": size}
        say_json("cache clear", dry_run=options.dry_run, needed=len(needed), **facts)
    else:
        print(_gone(len(removed), size, dry_run=options.dry_run, needed=len(needed)))
    return 0


def _gone(number: int, size: int, *, dry_run: bool, needed: int) -> str:
    from pyperunner_results.reading.units import memory

    text = f"{_entries(number)}, {memory(size)}, {'would be removed' if dry_run else 'removed'}"
    return f"{text}; {needed} kept because runs or pipelines need them" if needed else text


def _verify(options: argparse.Namespace, store: Any) -> int:
    with counted("entries checked") as progress:
        done = store.verify(progress=progress)
    if options.json:
        say_json("cache verify", **done)
    else:
        for key, reason in done["damaged"].items():
            print(f"damaged, set aside: {visible(key)}: {visible(reason)}")
        print(f"{_entries(done['checked'])} checked, {len(done['damaged'])} damaged")
    return _EXIT_DAMAGED if done["damaged"] else 0


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


_Action = Callable[[argparse.Namespace, Any], int]
_ACTIONS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], _Action]] = {
    "du": ("say what takes how much room, by task or by run", _add_du, _du),
    "ls": ("list entries", _add_ls, _ls),
    "gc": (
        "remove what dead writers left, and what limits say; never what a record or a running run needs",
        _add_limits,
        _gc,
    ),
    "verify": ("read every entry, check every checksum, set aside what is damaged", _no_more, _verify),
    "clear": ("remove entries that no record and no running run needs", _add_clear, _clear),
}
