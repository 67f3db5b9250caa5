"""What is looked at before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyperunner_dag.ports import SupportsProbe
from pyperunner_runner._errors import StoreNotWritable

if TYPE_CHECKING:
    from pyperunner_dag import DAG, OutputStore, Task
    from pyperunner_runner.plan import Decision

__all__ = ["check_secrets", "check_store"]


def check_store(store: OutputStore, location: str, decisions: Mapping[str, Decision]) -> None:
    """Check that the outputs of the tasks that will run can be stored; a run of hits only needs no writable store.

    Raises:
        StoreNotWritable: They can't.
    """
    runs = any(decision.action == "run" for decision in decisions.values())
    if runs and isinstance(store, SupportsProbe):
        try:
            store.probe()
        except OSError as error:
            raise StoreNotWritable(location, error.strerror or str(error)) from error


def check_secrets(dag: DAG[Task], decisions: Mapping[str, Decision]) -> None:
    """Check that the secret params of the tasks that will run have values.

    Raises:
        SecretNotSetError: One has not; the error names task, param and environment variable.
    """
    for task in dag:
        if decisions[task.name].action == "run":
            task.assert_secrets_set()
