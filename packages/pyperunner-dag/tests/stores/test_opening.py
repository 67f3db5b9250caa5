"""Finding and opening stores."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pyperunner_dag import (
    StoreNotInstalledError,
    StorePluginError,
    UnknownStoreError,
    open_store,
    reopen_store,
)


@pytest.fixture
def opened(stores, monkeypatch, memory_store):
    """Register two stores that note how they are opened."""
    calls = []
    module = type(sys)("noting_store")
    module.open_store = lambda target, **options: calls.append((target, options)) or memory_store
    monkeypatch.setitem(sys.modules, "noting_store", module)
    stores(file="noting_store:open_store", s3="noting_store:open_store", broken="noting_store:absent", none="no_such:x")
    return calls


@pytest.mark.parametrize(
    "target",
    [
        "data",
        "/abs/data",
        Path("data"),
        "C:\\data",
        "./odd:name",
        "a b://c",
        "./x://y",
        "",
        "://x",
        "S3://bucket",
        "file:x",
    ],
)
def test_the_entry_gets_the_target_as_it_is(opened, target, memory_store):
    assert open_store(target, codec="raw") is memory_store
    assert opened == [(target, {"codec": "raw"})]


def test_an_open_store_is_returned_as_it_is(opened, memory_store):
    assert open_store(memory_store) is memory_store
    assert opened == []
    with pytest.raises(TypeError, match=r"open already.*codec"):
        open_store(memory_store, codec="raw")


@pytest.mark.parametrize("target", [None, 3, b"data", object()])
def test_what_is_no_store(opened, target):
    with pytest.raises(TypeError, match=r"a path, a URL or an OutputStore, not"):
        open_store(target)


def test_an_unknown_scheme_lists_the_known(opened):
    with pytest.raises(UnknownStoreError, match=r"ftp://.*known: broken, file, none, s3"):
        open_store("ftp://host/x")


def test_one_broken_store_is_named_and_breaks_no_other(opened, memory_store):
    with pytest.raises(StorePluginError, match=r"broken://.*noting_store:absent.*AttributeError"):
        open_store("broken://x")
    with pytest.raises(StorePluginError, match=r"none://.*No module named 'no_such'"):
        open_store("none://x")
    assert open_store("s3://x") is memory_store


def test_without_any_store_the_package_to_install_is_named(stores):
    stores()
    for target in ("data", "s3://bucket"):
        with pytest.raises(StoreNotInstalledError, match=r"pip install pyperunner-cache"):
            open_store(target)
    stores(s3="x:y")
    with pytest.raises(ImportError, match=r"pip install pyperunner-cache"):
        open_store("data")


def test_reopening_takes_the_url_and_the_options(opened, memory_store):
    spec = {"url": "s3://bucket", "codec": "raw", "durable": True}
    assert reopen_store(spec) is memory_store
    assert opened == [("s3://bucket", {"codec": "raw", "durable": True})]
    assert "url" in spec


def test_what_is_installed_later_is_found(opened, stores, memory_store):
    with pytest.raises(UnknownStoreError):
        open_store("ftp://host/x")
    stores(ftp="noting_store:open_store")
    assert open_store("FTP://host/x") is memory_store
