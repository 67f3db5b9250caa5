from __future__ import annotations

import pyperunner


def test_environment_gives_the_description_of_the_environment() -> None:
    info = pyperunner.environment.get_environment_info()
    assert set(info) >= {"base_dir", "mainfile", "sources", "dependencies", "repositories"}
