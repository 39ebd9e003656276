"""Root file systems from Debian's packages, as images on the outer engine, without any registry."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException

from dockproof.lab.errors import LabError
from dockproof.lab.install import BOOTSTRAP_PACKAGES, can_install, install

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockproof.lab.definition import Suite
    from dockproof.lab.engine import OuterEngine

_ARCHIVE = "http://deb.debian.org/debian"
_SECURITY = "http://deb.debian.org/debian-security"
_WITH_SECURITY = ("bookworm", "trixie")
_MACHINES = {"x86_64": {"x86_64", "amd64"}, "aarch64": {"aarch64", "arm64"}}


# What other threads are making.
_running: set[subprocess.Popen[str]] = set()


def _sources(suite: Suite) -> list[str]:
    lines = [f"deb {_ARCHIVE} {archive} main" for archive in suite.archives]
    if suite.name in _WITH_SECURITY:
        lines.append(f"deb {_SECURITY} {suite.name}-security main")
    return lines


def _options(suite: Suite) -> list[str]:
    # mmdebstrap leaves these in the image, where they also hold for packages installed later.
    dpkg = [
        *("path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright"),
        *("path-exclude=/usr/share/man/*", "path-exclude=/usr/share/info/*"),
        *("path-exclude=/usr/share/locale/*", "path-include=/usr/share/locale/locale.alias"),
        "path-exclude=/usr/share/lintian/*",
    ]
    apt = ['Acquire::Languages "none"', 'APT::Install-Suggests "false"']
    if not suite.check_valid_until:
        apt.append('Acquire::Check-Valid-Until "false"')
    return [*(f"--dpkgopt={line}" for line in dpkg), *(f"--aptopt={line}" for line in apt)]


def _fits(engine: OuterEngine) -> bool:
    """Tell whether what we make for this machine runs on the outer engine's."""
    here, there = os.uname().machine, engine.client.info()["Architecture"]
    return there in _MACHINES.get(here, {here})


def _mmdebstrap(suite: Suite, target: Path, say: Callable[[str], None]) -> str:
    """Make a root file system as a tar archive; returns why it failed, or ""."""
    if not shutil.which("mmdebstrap"):
        if not can_install():
            return "mmdebstrap is not installed"
        if why := install(BOOTSTRAP_PACKAGES, say):
            return f"installing mmdebstrap failed: {why}"
    command = [
        # Should this process be killed, mmdebstrap shall clean up and end.
        *("setpriv", "--pdeathsig", "TERM"),
        *("mmdebstrap", "--variant=minbase", "--quiet", "--format=tar", *_options(suite)),
        *(suite.name, str(target), *_sources(suite)),
    ]
    child = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(target.parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # When it is told to end, it tells its whole process group, which must not be ours.
        start_new_session=True,
    )
    _running.add(child)
    try:
        output, _ = child.communicate()
    finally:
        _running.discard(child)
    return "" if child.returncode == 0 else "\n".join(output.splitlines()[-8:])


def stop_bootstraps() -> None:
    """End what is being made in other threads, when this process wants to end."""
    for child in tuple(_running):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)


def _from_hub(engine: OuterEngine, suite: Suite, target: Path) -> None:
    """Take the root file system out of Debian's image at Docker Hub."""
    image = engine.client.images.pull("debian", tag=f"{suite.name}-slim")
    container = engine.client.containers.create(image, labels={"dockproof": "1"})
    try:
        with target.open("wb") as file:
            chunks: Any = container.export()  # its stub says str
            file.writelines(chunks)
    finally:
        container.remove(force=True)


def make_base(
    engine: OuterEngine, suite: Suite, name: str, directory: Path, say: Callable[[str], None]
) -> None:
    """Make a bare Debian as an image of the outer engine.

    Args:
        engine: The outer engine.
        suite: Which release.
        name: The image's name, with a tag.
        directory: Where the archive may lie in the meantime.
        say: Takes a line of progress.

    Raises:
        LabError: Neither mmdebstrap nor Docker Hub gives one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=f"{suite.name}-") as place:
        # apt's own user has to get in.
        Path(place).chmod(0o755)
        target = Path(place) / "root.tar"
        why = (
            _mmdebstrap(suite, target, say)
            if _fits(engine)
            else "the outer engine's machine is of another kind than this one"
        )
        if why:
            say(f"lab: no bootstrap of Debian {suite.name} here, asking Docker Hub ({why})")
            try:
                _from_hub(engine, suite, target)
            except (DockerException, OSError) as error:
                raise LabError(
                    f"can't get Debian {suite.name} for the lab: mmdebstrap: {why}; "
                    f"Docker Hub: {error}"
                ) from error
        repository, _, tag = name.partition(":")
        engine.client.api.import_image_from_file(
            str(target), repository=repository, tag=tag, changes=["LABEL dockproof=1"]
        )
