"""Installing what the lab needs from Debian, where we may."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What makes root file systems from Debian's packages.
BOOTSTRAP_PACKAGES = ("mmdebstrap", "debian-archive-keyring")

# The programs of a Docker engine, and the Debian packages that they are in.
_ENGINE = {
    "dockerd": "docker.io",
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
}
_APPARMOR = Path("/sys/module/apparmor/parameters/enabled")


def engine_programs() -> dict[str, str]:
    """Say which programs an engine of our own needs on this machine.

    Returns:
        The Debian package of each program. `apparmor_parser` is among them where the kernel uses
        AppArmor (the `enabled` of its apparmor(7) module is Y): there an engine without it starts,
        but can't start a container.
    """
    programs = dict(_ENGINE)
    with suppress(OSError):
        if _APPARMOR.read_text(encoding="ascii").startswith("Y"):
            programs["apparmor_parser"] = "apparmor"
    return programs


def missing_engine_programs() -> list[str]:
    """Name the `engine_programs` that are not on this process's PATH."""
    return [name for name in engine_programs() if not shutil.which(name)]


def can_install() -> bool:
    """Tell whether this process may install Debian packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str], say: Callable[[str], None]) -> str:
    """Install Debian packages, without what they only recommend.

    Args:
        packages: Their names.
        say: Takes a line of progress.

    Returns:
        Why it failed (the last lines of apt's output), or "".
    """
    say(f"installing {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-o", "DPkg::Lock::Timeout=300", "-qq"]
    install_them = ["apt-get", *options, "install", "-y", "--no-install-recommends", *packages]
    # A list of packages that is too old, or missing, shows as a failure of the first try.
    for command in (install_them, ["apt-get", *options, "update"], install_them):
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if command is install_them and done.returncode == 0:
            return ""
    return "\n".join(done.stdout.splitlines()[-8:])
