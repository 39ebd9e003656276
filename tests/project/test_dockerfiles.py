"""Linting the examples' Dockerfiles: all of them, exceptions only as long as they are needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.dockerfiles import LIST, exceptions, lint

HADOLINT = str(Path(sys.executable).parent / "hadolint")
GOOD = 'FROM debian:trixie-slim\nCMD ["true"]\n'
BAD = "FROM debian\nRUN cd /tmp\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a sound Dockerfile, a bad one, and no exception."""
    for name, text in {"good": GOOD, "bad": BAD}.items():
        (tmp_path / "examples" / name).mkdir(parents=True)
        (tmp_path / "examples" / name / "Dockerfile").write_text(text)
    (tmp_path / LIST).write_text("# none yet\n")
    return tmp_path


def test_bad_dockerfile_is_found(project: Path) -> None:
    """A Dockerfile that hadolint objects to is named with its line; a sound one isn't."""
    (said,) = lint(project, HADOLINT)
    assert said.startswith("examples/bad/Dockerfile:1 DL3006")


def test_exception_holds_with_its_reason(project: Path) -> None:
    """A bad Dockerfile listed with a reason passes."""
    (project / LIST).write_text("examples/bad/Dockerfile: the page is about this mistake\n")
    assert lint(project, HADOLINT) == []


def test_needless_and_stale_exceptions_are_errors(project: Path) -> None:
    """An exception for a sound file, or for one that is gone, has to be taken out."""
    (project / LIST).write_text(
        "examples/bad/Dockerfile: on purpose\n"
        "examples/good/Dockerfile: no longer true\n"
        "examples/gone/Dockerfile: no longer there\n"
    )
    assert lint(project, HADOLINT) == [
        f"{LIST}: examples/gone/Dockerfile is not there; take its line out",
        f"{LIST}: examples/good/Dockerfile has nothing to except any more; take its line out",
    ]


def test_exception_without_a_reason_is_an_error(project: Path) -> None:
    """A line without a reason is refused at its place."""
    (project / LIST).write_text("\nexamples/bad/Dockerfile\n")
    with pytest.raises(ValueError, match=rf"^{LIST}:2: no reason"):
        exceptions(project)


def test_no_dockerfile_is_an_error(tmp_path: Path) -> None:
    """Linting nothing doesn't pass."""
    (tmp_path / LIST).touch()
    assert lint(tmp_path, HADOLINT) == ["examples/: no Dockerfile found, so nothing was linted"]
