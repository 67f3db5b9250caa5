from __future__ import annotations

import json

from pyperunner_results.strict_json import to_json


def test_deep_and_odd_values_become_json():
    deep: list[object] = []
    for _ in range(200):
        deep = [deep, float("nan")]
    json.loads(to_json({1: deep, "s": {1}}))
