from __future__ import annotations

import os

import pytest

from pyperunner_dag.saved.files import write_atomically


@pytest.mark.parametrize(("content", "expected"), [("ä\n", "ä\n".encode()), (b"\0\xff", b"\0\xff")])
def test_text_and_bytes(tmp_path, content, expected):
    write_atomically(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == expected
    write_atomically(str(tmp_path / "file"), "second")
    assert (tmp_path / "file").read_text() == "second"
    assert os.listdir(tmp_path) == ["file"]


def test_a_bare_name_goes_to_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically("file", "x")
    assert (tmp_path / "file").read_text() == "x"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "file", "\ud800")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "folder", "x")
    assert (tmp_path / "file").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_a_link_is_replaced_and_its_target_untouched(tmp_path):
    (tmp_path / "target").write_text("untouched")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "target").read_text() == "untouched"
    assert (tmp_path / "link").read_text() == "new"
