"""The lock files: what pyproject.toml asks for, and nothing of the machine they were made on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = ["requirements.lock", "requirements-build.lock"]


def blocks(name: str) -> list[str]:
    """A lock's entries, one a package and version, with their hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("name", LOCKS)
def test_every_file_has_a_hash(name: str) -> None:
    """A lock's line is a version and its files' hashes: no option, index, address or folder."""
    entry = re.compile(r"[\w.-]+==\S+( ; [^-]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert blocks(name)
    assert [line for line in blocks(name) if not entry.fullmatch(line)] == []


def test_lock_holds_what_the_project_asks_for() -> None:
    """Each requirement of pyproject.toml is in the lock, at a version that it allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    asked = [*project["project"]["dependencies"], *(one for extra in extras for one in extra)]
    asked += project["build-system"]["requires"]
    locked = [Requirement(line.partition(" ")[0]) for line in blocks("requirements.lock")]
    versions = {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in locked
    }
    missing = [
        str(one)
        for one in map(Requirement, asked)
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0"))
    ]
    assert missing == [], "run `make lock`"


def test_locks_agree() -> None:
    """The build backend that packages are built with is the one that is installed."""
    assert set(blocks("requirements-build.lock")) <= set(blocks("requirements.lock"))
