from __future__ import annotations

from argparse import ArgumentParser

import pytest

from pyperunner_cli.registry import COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_be_loaded_and_explains_itself(name: str) -> None:
    module = COMMANDS[name].load()
    parser = ArgumentParser(prog=name)
    module.configure(parser)
    assert callable(module.execute)
    assert "usage: " in parser.format_help()
