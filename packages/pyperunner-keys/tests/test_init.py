from __future__ import annotations

import importlib
import pickle

import pyperunner_keys


def test_all_names_are_there():
    assert {"encode", "digest", "digest_bytes", "fingerprint", "Fingerprint", "importable_name"} <= {
        *pyperunner_keys.__all__
    }
    for name in pyperunner_keys.__all__:
        assert getattr(pyperunner_keys, name) is not None


def test_nothing_heavy_is_imported(python):
    code = "import sys, pyperunner_keys as k; k.digest({'a': [1, 2.5, 'x']}); print(*sys.modules)"
    assert not {"numpy", "pandas", "polars", "ast", "inspect", "dataclasses", "logging"} & {*python("-c", code).split()}


def test_what_stored_pickles_and_keys_name_is_found_there():
    held = {
        "_digest": ["digest", "digest_bytes", "digest_files", "encode"],
        "_errors": ["FileError", "FingerprintGapError", "KeysError", "UnencodableError"],
        "_file_values": ["File", "FileState", "Folder", "look", "look_ahead", "record", "recording"],
        "_fingerprint": ["Fingerprint", "Fingerprinter", "fingerprint"],
        "_names": ["importable_name"],
        "_places": ["Place", "unpack_places"],
    }
    for module, names in held.items():
        for name in names:
            assert getattr(importlib.import_module(f"pyperunner_keys.{module}"), name) is getattr(pyperunner_keys, name)
    assert pyperunner_keys.Fingerprint.__module__ == "pyperunner_keys._fingerprint"
    error = pyperunner_keys.FileError("", "File", "it is a folder", "x")
    state = pyperunner_keys.FileState(pyperunner_keys.File("x"), "0" * 32, "")
    place = pyperunner_keys.Place("function", "f", "m.py")
    found = pyperunner_keys.digest([error, place, pyperunner_keys.Fingerprint("0" * 32)])
    assert found == "276f3f277438fafabe465c11d63ae39e"  # that of 0.2.0
    assert b"pyperunner_keys._file_values" in pickle.dumps(state)


def test_the_module_that_a_class_names_is_loaded_with_it(python):
    code = (
        "import sys, pyperunner_keys as k\n"
        "for name in k.__all__:\n"
        "    module = getattr(getattr(k, name), '__module__', k.__name__)\n"
        "    assert hasattr(sys.modules[module], name), name\n"
        "    if name == 'Fingerprint': assert 'pyperunner_keys._places' in sys.modules\n"
    )
    python("-c", code)
