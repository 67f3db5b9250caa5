from __future__ import annotations

import os
import platform

from pyperunner_results import run_section


def test_it_holds_where_and_with_what(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(tmp_path / "real")
    section = run_section("data", tmp_path / "log", {"base_dir": "/x"}, "0.2.0")
    assert section == {
        "data_path": os.path.realpath(tmp_path / "real"),
        "log_path": os.path.realpath(tmp_path / "log"),
        "host": {
            "hostname": platform.node(),
            "os": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
        },
        "env": {"base_dir": "/x"},
        "pyperunner": "0.2.0",
    }


def test_urls_lose_their_credentials():
    assert run_section("s3://key:secret@bucket/x", "log", {}, "1")["data_path"] == "s3://bucket/x"


def test_options_of_a_remote_store_are_kept_without_secrets():
    options = {"endpoint_url": "http://localhost:9000", "secret": "abc"}
    section = run_section("s3://bucket/x", "log", {}, "1", options)
    assert section["storage_options"] == {"endpoint_url": "http://localhost:9000"}
    assert "storage_options" not in run_section("s3://bucket/x", "log", {}, "1", {"secret": "abc"})
