from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pyperunner_results.writing.git import GitQuery, repository_roots

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(root, *arguments):
    identity = ("-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repo"
    (root / "sub").mkdir(parents=True)
    git(root, "init", "-q")
    return root


def ask(*roots):
    return GitQuery(roots).answers()


@needs_git
def test_a_repository_through_its_life(repository):
    assert ask(repository) == [{"url": None, "commit": None, "dirty": False}]
    (repository / "a.py").write_text("1")
    git(repository, "add", "a.py")
    assert ask(repository) == [{"url": None, "commit": None, "dirty": True}]
    git(repository, "commit", "-qm", "one")
    commit = git(repository, "rev-parse", "HEAD")
    assert ask(repository) == [{"url": None, "commit": commit, "dirty": False}]
    (repository / "untracked.log").write_text("a run's own files make no difference")
    assert ask(repository)[0]["dirty"] is False
    (repository / "a.py").write_text("2")
    assert ask(repository)[0]["dirty"] is True


@needs_git
def test_the_url_is_that_of_origin_without_credentials(repository):
    git(repository, "remote", "add", "fork", "https://example.org/fork.git")
    assert ask(repository)[0]["url"] == "https://example.org/fork.git"
    git(repository, "remote", "add", "origin", "https://user:secret@example.org/main.git")
    assert ask(repository)[0]["url"] == "https://example.org/main.git"


@needs_git
def test_the_repository_runs_no_program_of_its_own(repository, tmp_path):
    mark = tmp_path / "mark"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    assert ask(repository)[0]["dirty"] is False
    assert not mark.exists()


@needs_git
def test_variables_of_another_repository_do_not_count(repository, tmp_path, monkeypatch):
    """As git sets them for hooks and aliases."""
    other = tmp_path / "other"
    other.mkdir()
    for root in (repository, other):
        git(root, "init", "-q")
        git(root, "commit", "-q", "--allow-empty", "-m", root.name)
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "a.py").write_text("1")
    git(repository, "add", "a.py")
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_COMMON_DIR": str(other / ".git"),
        "GIT_PREFIX": "sub/",
    }.items():
        monkeypatch.setenv(name, value)
    assert ask(repository) == [{"url": None, "commit": commit, "dirty": True}]


@needs_git
def test_several_repositories_are_asked_side_by_side(tmp_path):
    roots = [tmp_path / name for name in "abc"]
    for root in roots:
        root.mkdir()
        git(root, "init", "-q")
    assert len(ask(*roots)) == 3


def test_a_folder_that_is_no_repository_answers_nothing(tmp_path):
    (tmp_path / ".git").mkdir()
    assert ask(tmp_path) == [{"url": None, "commit": None, "dirty": None}]


def test_it_works_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask(tmp_path) == [{"url": None, "commit": None, "dirty": None}]


def test_a_git_that_hangs_is_given_up(tmp_path, monkeypatch):
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("pyperunner_results.writing.git._TIMEOUT", 0.2)
    assert ask(tmp_path) == [{"url": None, "commit": None, "dirty": None}]


def test_roots_are_found_once_each_and_in_order(tmp_path):
    for name in ("a/.git", "a/x/y", "b/inner/.git", "b/inner/z", "c"):
        (tmp_path / name).mkdir(parents=True)
    folders = [tmp_path / "b/inner/z", tmp_path / "a/x/y", tmp_path / "a/x", tmp_path / "b/inner", tmp_path / "c"]
    found = [root for root in repository_roots(folders) if root.is_relative_to(tmp_path)]
    assert found == [tmp_path / "b/inner", tmp_path / "a"]
    (tmp_path / "a/.git").rmdir()
    (tmp_path / "a/.git").write_text("gitdir: elsewhere")
    assert tmp_path / "a" in repository_roots([Path(tmp_path / "a/x")])
