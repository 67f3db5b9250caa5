"""The output of a task: held in memory by hand, or kept in a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias

from pyperunner_dag import status as _status
from pyperunner_dag.errors import TaskStoreError
from pyperunner_dag.node import Node
from pyperunner_dag.stores.outputs import is_stored, load_output, save_output

if TYPE_CHECKING:
    from pyperunner_dag.ports import OutputStore

__all__ = ["NodeWithOutput"]

_NOTHING = object()
_DEFAULT_FILE = "result.dump.gz"


class NodeWithOutput(Node):
    """A node whose output has a key, under which a store keeps it."""

    Status: TypeAlias = _status.Status
    TaskResult: TypeAlias = _status.TaskResult

    status: _status.Status = _status.Status.NOT_STARTED
    result: _status.TaskResult | None = None
    reload: bool = False
    data_path: str = ""
    store: OutputStore | None = None
    _held: Any = _NOTHING

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # What most nodes get sooner or later is set at once: Python then keeps it in a fraction of the memory.
        self.status = _status.Status.NOT_STARTED
        self.result = None
        self.data_path = ""
        self.store = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what holds in this process only: the open store, and which modules were loaded."""
        return {name: value for name, value in self.__dict__.items() if name not in ("store", "_late")}

    @property
    def key(self) -> str:
        """Key of the output in a store: ``'<name>/<hash>'``."""
        raise NotImplementedError

    def key_parts(self) -> dict[str, Any]:
        """Return what the key is made of, in builtins."""
        raise NotImplementedError

    def entry_meta(self) -> dict[str, Any]:
        """Return what a store keeps beside the output, so that a later difference can be told from it."""
        raise NotImplementedError

    def set_reload(self, reload: bool) -> None:
        """Say whether the task runs even if there is a stored output."""
        self.reload = bool(reload)

    def should_run(self) -> bool:
        """Return whether the task by itself needs to run: ``reload`` is set, or there is no stored output."""
        return self.reload or not self.output_exists()

    @property
    def output(self) -> Any:
        """The output given by hand, else the stored one (loaded now, not kept), else ``None``."""
        if self._held is not _NOTHING:
            return self._held
        if self.store is None:
            return None
        try:
            return load_output(self.store, self.key)
        except KeyError:
            return None

    @property
    def held(self) -> bool:
        """Whether an output was given by hand and is kept in memory."""
        return self._held is not _NOTHING

    def set_output(self, output: Any) -> None:
        """Give the task an output by hand; it wins over the stored one."""
        self._held = output

    def release(self) -> None:
        """Forget an output given by hand."""
        self.__dict__.pop("_held", None)  # so that a copy in another process sees the mark of this class again

    def set_data_path(self, path: str | os.PathLike[str] | OutputStore) -> None:
        """Open the store at ``path`` (a folder, a store URL, or a store) for this task's output.

        Raises:
            StoreError: There is no such kind of store, or it does not load.
        """
        from pyperunner_dag.stores.opening import open_store

        self.bind(open_store(path), os.fspath(path) if isinstance(path, (str, os.PathLike)) else None)

    def bind(self, store: OutputStore | None, data_path: str | None = None) -> None:
        """Use ``store``, which is open already, for this task's output.

        Args:
            store: The store, ``None`` for none.
            data_path: Where it is, in words; by default the URL it gives of itself.
        """
        self.store = store
        if data_path is None:
            data_path = str((store.spec() or {}).get("url", "")) if store is not None else ""
        self.data_path = data_path

    def _bound(self) -> OutputStore:
        """Return the store, or say how to get one."""
        if self.store is None:
            raise TaskStoreError(self.name, "there is no place for its output yet; call set_data_path(path) first")
        return self.store

    def output_exists(self) -> bool:
        """Return whether the output is stored, with the files it holds unchanged. Writes nothing."""
        return self.store is not None and is_stored(self.store, self.key)

    def load_output(self) -> Any:
        """Return the stored output.

        Raises:
            KeyError: There is none, or a file that it holds was changed or removed.
            TaskStoreError: The task has no store.
        """
        return load_output(self._bound(), self.key)

    def store_output(self, output: Any) -> None:
        """Store ``output`` as the output of this task.

        Raises:
            TaskStoreError: The task has no store.
        """
        save_output(self._bound(), self.key, output, self.entry_meta())

    def output_filename(self, filename: str = _DEFAULT_FILE) -> str:
        """Return the path of the file that holds the output, or of another file beside it. Creates nothing.

        Args:
            filename: Name in the output's folder; the default is whatever the store calls the output's own file.

        Raises:
            TaskStoreError: The task has no store, or one that keeps no files.
        """
        from pyperunner_dag.ports import SupportsLocate

        store = self._bound()
        if not isinstance(store, SupportsLocate):
            # Not the whole URL: there may be a password in it.
            kind = self.data_path.partition("://")[0] or type(store).__name__
            raise TaskStoreError(self.name, f"its store ({kind}) keeps no files")
        return store.locate(self.key, None if filename == _DEFAULT_FILE else filename)
