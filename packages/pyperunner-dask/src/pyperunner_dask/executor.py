"""Executor ``dask``: jobs on the workers of a Dask cluster, each worker with an agent of pyperunner's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pyperunner_dask.workers import DaskWorkers
from pyperunner_runner.remote import ClusterLost, RemoteExecutor

if TYPE_CHECKING:
    from pyperunner_runner.ports import Session

__all__ = ["DaskExecutor"]

_CONNECT_SECONDS = 15
_CERTIFICATES = "give a client that has its certificates, or name them in Dask's configuration, distributed.comm.tls"


class DaskExecutor(RemoteExecutor):
    """Executes jobs on all workers of a Dask cluster, those that join later included.

    Dask starts the workers, knows which there are, and carries the bytes. What makes a task a task of ours happens in
    an agent on each: a process of its own for each job, limits, logs, figures. The store must be one that all workers
    share.

    Args:
        session: The run's tasks and store.
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``. Without one, and without a client, this machine is
            the cluster.
        client: A ``distributed.Client`` in the place of an address; it stays open.
        on_worker: What carries jobs out on a worker: ``process``, one for each job, or ``pool``.
        lease: Seconds without a word from this process after which everything ends that runs for it.
        prefer_upstream: Whether a task goes to the worker that made its inputs, if there is room.

    Raises:
        ClusterLost: The scheduler can't be reached.
        StoreNotShareable: No other process could open the store.
        TaskNotPortable: A task can't be pickled.
        WorkersUnfit: Workers lack what the tasks need.
    """

    def __init__(
        self,
        session: Session,
        *,
        address: str | None = None,
        client: Any = None,
        on_worker: Literal["process", "pool"] = "process",
        lease: float = 10.0,
        prefer_upstream: bool = False,
    ) -> None:
        self._own: list[Any] = []
        try:
            workers = DaskWorkers(client or self._client(address, session.process_limit), lease)
            super().__init__(session, workers, executor=on_worker, lease=lease, prefer_upstream=prefer_upstream)
        except BaseException:
            self._close_own()
            raise

    def close(self) -> None:
        """See ``Executor.close``."""
        super().close()
        self._close_own()

    def _client(self, address: str | None, limit: int) -> Any:
        import distributed

        new_cluster: Any = distributed.LocalCluster
        new_client: Any = distributed.Client

        place: Any = address
        if address is None:
            # Without a place for its pages it takes one that other machines see, and warns where that is taken.
            pages = {"dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}
            place = new_cluster(n_workers=1, threads_per_worker=limit, processes=False, **pages)
            self._own.append(place)
        try:
            client = new_client(place, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterLost(f"the scheduler {address}", str(error)) from error
        except TypeError as error:  # without certificates
            raise ClusterLost(f"the scheduler {address}", f"{error}; {_CERTIFICATES}") from error
        self._own.append(client)
        return client

    def _close_own(self) -> None:
        while self._own:
            self._own.pop().close()
