"""Writes digests.json: the keys that every Python version must find."""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from test_edits import OF_ONE_VERSION

from conftest import EDITS, SCENARIOS, look

with tempfile.TemporaryDirectory() as folder:
    chosen = [item for item in SCENARIOS if item.name not in OF_ONE_VERSION]
    found = look([item.write(Path(folder, str(number)), "-") for number, item in enumerate(chosen)])
    digests = {item.name: answer["digest"] for item, answer in zip(chosen, found)}
    (EDITS / "digests.json").write_text(json.dumps(digests, indent=0) + "\n")
