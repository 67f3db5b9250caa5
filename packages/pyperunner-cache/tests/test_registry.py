from __future__ import annotations

import importlib.metadata
import importlib.util
import pathlib
import sys

import pytest

from pyperunner_cache import UnknownBackendError, UnknownCodecError, open_store, registry
from pyperunner_cache.testing import BackendContract

EXAMPLE = pathlib.Path(__file__).parents[3] / "docs" / "examples" / "flat_backend.py"


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
        assert len(lines) < 70


def test_an_unknown_scheme_lists_the_known_ones():
    with pytest.raises(UnknownBackendError, match=r"'etcd'.*file.*memory.*sqlite"):
        open_store("etcd://localhost")


def test_a_missing_extra_prints_its_install_command(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(UnknownBackendError, match="pip install pyperunner-cache-fsspec"):
        open_store("s3://bucket/x")
    with pytest.raises(UnknownBackendError, match="pip install pyperunner-cache-redis"):
        open_store("redis://localhost")


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


class _Server:
    """A client of which ``from_url`` knows how to make one."""

    def __init__(self, client, *, prefix, retries=1):
        self.made = client, prefix, retries

    @classmethod
    def from_url(cls, url, *, host="localhost", **options):
        return cls(f"client of {host}", prefix=url.partition(":")[2], **options)


class _Closed(_Server):
    @classmethod
    def from_url(cls, url, *, host="localhost"):
        return cls(host, prefix="")


def test_options_are_those_of_from_url_and_what_it_passes_on(register, monkeypatch):
    monkeypatch.setitem(sys.modules, "server_plugin", sys.modules[__name__])
    register("pyperunner.backends", "server", "server_plugin:_Server")
    register("pyperunner.backends", "closed", "server_plugin:_Closed")
    assert registry.open_backend("server:x", {"host": "h", "retries": 2}).made == ("client of h", "x", 2)
    assert registry.open_backend("closed:x", {"host": "h"}).made == ("h", "", 1)
    for url, option in (("server:x", "tries"), ("closed:x", "retries")):
        with pytest.raises(TypeError, match=rf"open_store\('{url}'\).*'{option}'"):
            registry.open_backend(url, {option: 1})
