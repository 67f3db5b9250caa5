"""Tasks, pipelines and the graph they form."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyperunner_dag.dag import DAG, Node
from pyperunner_dag.dataflow.conditions import truth_of
from pyperunner_dag.dataflow.copies import PrefixTakenError
from pyperunner_dag.dataflow.detached import known_key
from pyperunner_dag.dataflow.expansion import expand, hash_of_elements, listing_in, mapped_sources, mapped_steps
from pyperunner_dag.dataflow.mapping import Successes, fixed
from pyperunner_dag.decorator import task
from pyperunner_dag.errors import (
    ChangedDuringRunError,
    CodeGapError,
    CycleError,
    DuplicateNameError,
    FileParamError,
    HashMismatchError,
    MissingExtraError,
    ModuleRefusedError,
    NoOutputError,
    NotATaskError,
    OpaqueValueError,
    OptionError,
    PipelineError,
    PipelineFileError,
    SecretNotSetError,
    StoreError,
    StoreNotInstalledError,
    StorePluginError,
    TaskDefinitionError,
    TaskError,
    TaskLookupError,
    TaskNameError,
    TaskParamError,
    TaskStoreError,
    UndeclaredInputError,
    UnhashableParamError,
    UnknownStoreError,
)
from pyperunner_dag.identity.changes import (
    check_code,
    detect_changes,
    faults_of,
    files_of,
    guard_of,
    note_loaded,
    remember_loaded,
    share_code,
    take_as_loaded,
)
from pyperunner_dag.identity.hashing import refresh_hashes, resolve
from pyperunner_dag.identity.seeds import seed_of
from pyperunner_dag.inputs import resolve_inputs, task_of
from pyperunner_dag.nodes.parts import Part, output_key
from pyperunner_dag.options import Options
from pyperunner_dag.outputs.checks import CHECKS, checks_digest, checks_key, failed_check, has_passed
from pyperunner_dag.outputs.elements import Element, Listing, items_of, listing_of
from pyperunner_dag.outputs.errors import (
    ConditionError,
    MapError,
    NotYetKnownError,
    OutputsDifferError,
    PartMissingError,
    UnknownOutputError,
)
from pyperunner_dag.outputs.own_stores import with_own_stores
from pyperunner_dag.outputs.producer import pick
from pyperunner_dag.outputs.several import is_whole, load_whole, save_whole
from pyperunner_dag.pipeline import Pipeline, Sequential
from pyperunner_dag.ports import OutputStore
from pyperunner_dag.run_method import run
from pyperunner_dag.secret import Secret
from pyperunner_dag.stores.former_names import keep_former_names
from pyperunner_dag.stores.opening import open_store, reopen_store
from pyperunner_dag.stores.outputs import changed_outputs, is_stored, load_output, save_output
from pyperunner_dag.stores.routed import RoutedStore, member_named, member_of, members_of
from pyperunner_dag.tasks import Task
from pyperunner_text import __version__

if TYPE_CHECKING:
    from pyperunner_dag.drawing.layout import layout
    from pyperunner_dag.drawing.markup import draw_dot, draw_mermaid
    from pyperunner_dag.drawing.png import draw_png
    from pyperunner_dag.drawing.svg import draw_svg
    from pyperunner_dag.drawing.text import draw_text
    from pyperunner_dag.identity.differences import Difference, differences
    from pyperunner_keys import File, Folder

__all__ = [
    "CHECKS",
    "DAG",
    "ChangedDuringRunError",
    "CodeGapError",
    "ConditionError",
    "CycleError",
    "Difference",
    "DuplicateNameError",
    "Element",
    "File",
    "FileParamError",
    "Folder",
    "HashMismatchError",
    "Listing",
    "MapError",
    "MissingExtraError",
    "ModuleRefusedError",
    "NoOutputError",
    "Node",
    "NotATaskError",
    "NotYetKnownError",
    "OpaqueValueError",
    "OptionError",
    "Options",
    "OutputStore",
    "OutputsDifferError",
    "Part",
    "PartMissingError",
    "Pipeline",
    "PipelineError",
    "PipelineFileError",
    "PrefixTakenError",
    "RoutedStore",
    "Secret",
    "SecretNotSetError",
    "Sequential",
    "StoreError",
    "StoreNotInstalledError",
    "StorePluginError",
    "Successes",
    "Task",
    "TaskDefinitionError",
    "TaskError",
    "TaskLookupError",
    "TaskNameError",
    "TaskParamError",
    "TaskStoreError",
    "UndeclaredInputError",
    "UnhashableParamError",
    "UnknownOutputError",
    "UnknownStoreError",
    "__version__",
    "changed_outputs",
    "check_code",
    "checks_digest",
    "checks_key",
    "detect_changes",
    "differences",
    "draw_dot",
    "draw_mermaid",
    "draw_png",
    "draw_svg",
    "draw_text",
    "expand",
    "failed_check",
    "faults_of",
    "files_of",
    "fixed",
    "guard_of",
    "has_passed",
    "hash_of_elements",
    "is_stored",
    "is_whole",
    "items_of",
    "known_key",
    "layout",
    "listing_in",
    "listing_of",
    "load_output",
    "load_whole",
    "mapped_sources",
    "mapped_steps",
    "member_named",
    "member_of",
    "members_of",
    "note_loaded",
    "open_store",
    "output_key",
    "pick",
    "refresh_hashes",
    "remember_loaded",
    "reopen_store",
    "resolve",
    "resolve_inputs",
    "run",
    "save_output",
    "save_whole",
    "seed_of",
    "share_code",
    "take_as_loaded",
    "task",
    "task_of",
    "truth_of",
    "with_own_stores",
]

keep_former_names(__name__)

_LATE = {
    "Difference": "pyperunner_dag.identity.differences",
    "File": "pyperunner_keys",
    "Folder": "pyperunner_keys",
    "differences": "pyperunner_dag.identity.differences",
    "draw_dot": "pyperunner_dag.drawing.markup",
    "draw_mermaid": "pyperunner_dag.drawing.markup",
    "draw_png": "pyperunner_dag.drawing.png",
    "draw_svg": "pyperunner_dag.drawing.svg",
    "draw_text": "pyperunner_dag.drawing.text",
    "layout": "pyperunner_dag.drawing.layout",
}
"""What most runs do without, and where it is."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)
