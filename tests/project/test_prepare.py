"""Setting a checkout up: complete or made anew, and nothing changed that was there."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools import prepare
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(prepare.__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the same make with one locked package, so that setting it up takes seconds."""
    place = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "tools", place / "tools")
    shutil.copy(ROOT / "requirements-build.lock", place)
    shutil.copy(ROOT / "requirements-build.lock", place / "requirements.lock")
    (place / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "sample"\nversion = "1"\n[tool.setuptools]\npackages = []\n'
    )
    return place


def command(checkout: Path) -> list[str]:
    """The command that sets a checkout up, as the Makefile gives it."""
    return [sys.executable, "-m", "tools.prepare", "--venv", str(checkout / ".venv"), "venv"]


def set_up(checkout: Path) -> subprocess.CompletedProcess[str]:
    """How setting up ended, and what it said."""
    return subprocess.run(
        command(checkout), cwd=checkout, capture_output=True, text=True, check=False
    )


def kill_set_up(checkout: Path, begun: Callable[[], bool]) -> None:
    """Set up, and kill that as soon as it has begun to make the environment."""
    with subprocess.Popen(
        command(checkout), cwd=checkout, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 30
        while not begun():
            assert time.monotonic() < deadline, "nothing was begun"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)


def test_set_up_is_whole_or_begun_anew(checkout: Path) -> None:
    """Neither a killed set-up nor one with a wrong hash is taken for whole; a whole one is kept.

    One test, since each environment that is made takes seconds.
    """
    venv, lock = checkout / ".venv", checkout / "requirements.lock"
    packages = venv / ".dockproof-packages"
    kill_set_up(checkout, (venv / "pyvenv.cfg").exists)
    assert not packages.exists()

    right = lock.read_text()
    lock.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", right))
    # The same version is there already from the build lock, and pip would be content with that.
    lock.write_text(lock.read_text() + "iniconfig==2.3.1 --hash=sha256:" + "0" * 64 + "\n")
    refused = set_up(checkout)
    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert not packages.exists()

    lock.write_text(right)
    mended = set_up(checkout)
    assert "Python packages into .venv: ready" in mended.stderr
    assert (mended.returncode, packages.exists()) == (0, True)
    shown = subprocess.run(
        [venv / "bin/python", "-m", "pip", "list", "--format", "freeze"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"^sample==1$", shown.stdout, re.MULTILINE)
    assert prepare.pins(lock) == 1

    canary = venv / "canary"
    canary.touch()
    started = time.monotonic()
    again = set_up(checkout)
    assert (again.returncode, again.stderr) == (0, "")
    assert time.monotonic() - started < 2
    assert canary.exists()

    lock.write_text(f"# another lock than the first\n{right}")
    # Making it anew ends as the first did, so that seeing it begin is enough.
    kill_set_up(checkout, lambda: not canary.exists())
    assert not packages.exists()


def test_without_apt_the_message_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system without apt-get nothing is tried: one message says what to install."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(prepare.PreparationError, match=r"docker\.io mmdebstrap.*no apt-get here"):
        prepare.install_debian(["docker.io", "mmdebstrap"])


def test_a_kernel_with_apparmor_needs_its_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an engine of our own needs includes AppArmor's parser where the kernel asks for it."""
    monkeypatch.setenv("PATH", "")  # no engine answers
    wanted = []
    for said in ("N\n", "Y\n"):
        parameter = tmp_path / said.strip()
        parameter.write_text(said)
        monkeypatch.setattr(prepare, "_APPARMOR", parameter)
        wanted.append(set(prepare.missing_for_the_lab()))
    there = shutil.which("apparmor_parser", path="/usr/sbin:/sbin")
    assert wanted[1] - wanted[0] == (set() if there else {"apparmor"})


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become someone else")
def test_without_root_the_message_is_a_command(tmp_path: Path) -> None:
    """Someone who isn't root is told the very command that installs what is missing."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (bin_folder / "apt-get").chmod(0o755)
    for path in (tmp_path, *tmp_path.parents):
        if path.owner() == "root" and path.is_relative_to("/tmp") and path != Path("/tmp"):  # noqa: S108
            path.chmod(0o755)
    code = "from tools.prepare import install_debian as i, PreparationError as E\n"
    code += "try: i(['chromium'])\nexcept E as e: print(e)"
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code],
        cwd=tmp_path,
        env={"PATH": f"{bin_folder}:/usr/bin:/bin"},
        user="nobody",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "sudo apt-get update && sudo apt-get install chromium" in done.stdout


def test_no_service_starts_while_packages_are_installed(tmp_path: Path) -> None:
    """During an installation the policy file says no to services; afterwards it is gone."""
    policy = tmp_path / "policy-rc.d"
    with prepare.no_services(policy):
        assert subprocess.run([policy], check=False).returncode == 101
    assert not policy.exists()


def test_policy_of_someone_else_stays(tmp_path: Path) -> None:
    """A policy file that the machine's owner wrote is neither changed nor taken away."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 104\n")
    with prepare.no_services(policy):
        assert policy.read_text() == "#!/bin/sh\nexit 104\n"
    assert policy.read_text() == "#!/bin/sh\nexit 104\n"


def test_progress_says_what_how_far_and_how_long() -> None:
    """In a log, a long step leaves lines that name it, its share done, its seconds and its end."""
    log = io.StringIO()
    with Progress("packages", 7, log) as progress:
        progress.done, progress.detail = 3, "mkdocs"
        assert re.fullmatch(r"  packages · 3/7 · \d+ s · mkdocs", progress.line())
    assert re.search(r"^  packages: ready after \d+ s$", log.getvalue(), re.MULTILINE)


def test_progress_says_that_a_step_failed() -> None:
    """A step that ends in an error isn't reported as ready."""
    log = io.StringIO()
    with pytest.raises(KeyError), Progress("packages", 7, log):
        raise KeyError
    assert "packages: failed after" in log.getvalue()
