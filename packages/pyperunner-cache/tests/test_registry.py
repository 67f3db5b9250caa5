from __future__ import annotations

import importlib.metadata
import importlib.util
import pathlib
import sys

import pytest

from pyperunner_cache import UnknownBackendError, UnknownCodecError, open_store, registry
from pyperunner_cache.testing import BackendContract

EXAMPLE = pathlib.Path(__file__).parents[3] / "docs" / "examples" / "flat_backend.py"


@pytest.fixture
def register(monkeypatch, tmp_path_factory):
    """Announces a plug-in as an installed package would."""

    def announce(group, name, target):
        folder = tmp_path_factory.mktemp("installed")
        info = folder / f"plugin_{name}-1.0.dist-info"
        info.mkdir()
        info.joinpath("entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
        monkeypatch.syspath_prepend(folder)

    return announce


@pytest.mark.skipif(not EXAMPLE.exists(), reason="needs docs/examples, which only the repository has")
class TestTheExampleBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path, monkeypatch, register):
        monkeypatch.syspath_prepend(EXAMPLE.parent)
        register("pyperunner.backends", "flat", "flat_backend:FlatBackend")
        yield f"flat:{tmp_path}/flat"
        sys.modules.pop("flat_backend", None)

    def test_it_is_short(self):
        lines = [line for line in EXAMPLE.read_text().split('"""', 2)[2].splitlines() if line.strip()]
        assert len(lines) < 60


def test_an_unknown_scheme_lists_the_known_ones():
    with pytest.raises(UnknownBackendError, match=r"'redis'.*file.*memory.*sqlite"):
        open_store("redis://localhost")


def test_a_missing_extra_prints_its_install_command(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(UnknownBackendError, match="pip install pyperunner-cache-fsspec"):
        open_store("s3://bucket/x")


def test_an_unknown_codec_lists_the_known_ones(tmp_path):
    with pytest.raises(UnknownCodecError, match=r"'zip'.*gzip.*raw"):
        open_store(tmp_path, codec="zip")


def test_one_failing_plugin_does_not_break_another(register, tmp_path):
    register("pyperunner.codecs", "broken", "no_such_module:Codec")
    open_store(tmp_path / "s").save("T()/1", 1)
    with pytest.raises(ImportError, match="no_such_module"):
        open_store(tmp_path / "s", codec="broken")


def test_the_built_ins_are_what_the_entry_points_say():
    declared = {
        (group, point.name): point.value
        for group in ("pyperunner.backends", "pyperunner.codecs")
        for point in importlib.metadata.distribution("pyperunner-cache").entry_points
        if point.group == group
    }
    assert declared == registry._BUILT_IN
