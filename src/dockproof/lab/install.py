"""Installing what the lab needs from Debian, where we may."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The Docker engine with what it runs on, and what makes root file systems from Debian's packages.
ENGINE_PACKAGES = ("docker.io", "containerd", "iptables", "iproute2")
ENGINE_PROGRAMS = ("dockerd", "containerd", "runc", "iptables", "ip")
BOOTSTRAP_PACKAGES = ("mmdebstrap", "debian-archive-keyring")


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
