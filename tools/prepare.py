"""Set a checkout up: its virtual environment, and the Debian packages that its tests need.

Run by the Makefile with whatever Python 3.11 or newer the machine has, before anything is
installed, so it imports the standard library alone. Each step looks first and does only what is
missing; each may be interrupted at any point and run again.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
BUILD_LOCK = ROOT / "requirements-build.lock"
LOCK = ROOT / "requirements.lock"

# Browsers that the tests drive, the first that is there.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

_CACHE = ROOT / ".cache"
POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_MARK = "# written by dockproof for the time of one apt-get install"
_DEBIAN_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
_APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}


class PreparationError(Exception):
    """A step of the set-up that can't be done; its text says what to do."""


def digest(paths: Sequence[Path], *words: str) -> str:
    """The SHA-256 of some files' contents and some words, in hexadecimal."""
    total = hashlib.sha256()
    for part in [path.read_bytes() for path in paths] + [word.encode() for word in words]:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


def pins(lock: Path) -> int:
    """How many packages a lock file pins."""
    return len(re.findall(r"^[A-Za-z0-9][^\s=]*==", lock.read_text(encoding="utf-8"), re.MULTILINE))


# -- the virtual environment ---------------------------------------------------------------------


def prepare_venv(place: Path) -> None:
    """Make the virtual environment hold exactly what the lock files say, and this checkout.

    The environment carries two stamps, each written last: one of the locked packages and one of
    the project's own metadata. Without the first the environment is unfinished or of another
    lock, and is made anew, so that an interrupted one is never taken for whole.

    Args:
        place: Where the environment lies, or is to lie.

    Raises:
        PreparationError: If packages can't be installed.
    """
    place = Path(os.path.abspath(place))  # noqa: PTH100 - a link to an environment stays a link
    wanted = digest([BUILD_LOCK, LOCK], str(place), sys.version)
    if _stamp(place, "packages") != wanted:
        _make_venv(place)
        _write_stamp(place, "packages", wanted)
    metadata = digest([ROOT / "pyproject.toml"], str(ROOT))
    if _stamp(place, "project") != metadata:
        _pip(place, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        _write_stamp(place, "project", metadata)


def _make_venv(place: Path) -> None:
    if place.exists():
        shutil.rmtree(place)
    if importlib.util.find_spec("ensurepip") is None:
        # Debian's Python comes without it; the package is named after the Python's version.
        install_debian([f"python3.{sys.version_info.minor}-venv"])
    total = pins(BUILD_LOCK) + pins(LOCK)
    with Progress(f"Python packages into {_shown(place)}", total) as progress:
        venv.create(place, with_pip=True, symlinks=True)
        _pip(place, "--require-hashes", "--requirement", str(BUILD_LOCK), progress=progress)
        _pip(
            place,
            # The build backend is the locked one too.
            "--no-build-isolation",
            "--use-pep517",
            "--require-hashes",
            "--requirement",
            str(LOCK),
            progress=progress,
        )


def _pip(place: Path, *arguments: str, progress: Progress | None = None) -> None:
    command = [str(place / "bin" / "python"), "-m", "pip", "install", *arguments]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for above
        for line in process.stdout:
            lines.append(line)
            words = line.split()
            if progress is None or not words:
                continue
            if words[0] in {"Collecting", "Ignoring", "Processing"}:
                progress.done += 1
                progress.detail = words[1].rstrip(":").rpartition("/")[2]
            elif words[0] == "Installing":
                progress.detail = "installing"
    if process.returncode:
        raise PreparationError(
            f"{' '.join(command)}\nfailed:\n{''.join(lines[-20:])}"
            "Check that this machine reaches its Python package index, then run make again."
        )


def _stamp(place: Path, name: str) -> str | None:
    try:
        return (place / f".dockproof-{name}").read_text(encoding="ascii")
    except OSError:
        return None


def _write_stamp(place: Path, name: str, value: str) -> None:
    unfinished = place / f".dockproof-{name}.new"
    unfinished.write_text(value, encoding="ascii")
    unfinished.replace(place / f".dockproof-{name}")


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Let one make at a time set this checkout up; the lock goes with the process."""
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "prepare.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("  another make is setting up; waiting for it", file=sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


# -- Debian's packages ---------------------------------------------------------------------------


def prepare_engine() -> None:
    """See to it that a Docker engine can be reached, or that one can be started.

    Raises:
        PreparationError: If neither is so and nothing can be installed here.
    """
    install_debian(missing_for_the_lab())


def prepare_machine() -> None:
    """See to it that everything `make test` needs outside of Python is there.

    Raises:
        PreparationError: If something is missing and can't be installed here.
    """
    missing = missing_for_the_lab()
    if browser() is None:
        missing.append(BROWSERS[0])
    if _which("fc-list") is None or not _output(["fc-list", ":lang=zh", "file"]):
        # Without it a browser shows Chinese text as boxes, and measures them.
        missing += ["fonts-noto-cjk", "fontconfig"]
    if sys.platform == "linux" and not _loads("libatomic.so.1"):
        # Playwright brings a Node.js of its own, which is linked to it.
        missing.append("libatomic1")
    install_debian(missing)


def missing_for_the_lab() -> list[str]:
    """The Debian packages that the lab needs and this machine doesn't have."""
    wanted: dict[str, str] = {}
    if not engine_answers():
        wanted |= {"dockerd": "docker.io", "iptables": "iptables", "ip": "iproute2"}
        if _apparmor():
            # An engine can't start a container on such a kernel without it.
            wanted |= {"apparmor_parser": "apparmor"}
    if os.geteuid() == 0 and _which("apt-get") is not None:
        # Makes the lab's machines from Debian's packages. Who can't have it gets them from
        # Docker Hub, or the lab says that there is neither.
        wanted |= {"mmdebstrap": "mmdebstrap"}
    missing = _missing(wanted)
    # Ubuntu's mmdebstrap comes without the keys of Debian's archive.
    if "mmdebstrap" in wanted.values() and not _DEBIAN_KEYS.exists():
        missing.append("debian-archive-keyring")
    return missing


def engine_answers() -> bool:
    """Whether the engine that the Docker command line would use answers within ten seconds."""
    if _which("docker") is None:
        return False
    return bool(_output(["docker", "version", "--format", "{{.Server.Version}}"]))


def browser() -> str | None:
    """The path of the first of `BROWSERS` that is there."""
    return next(filter(None, map(_which, BROWSERS)), None)


def install_debian(packages: Sequence[str]) -> None:
    """Install Debian packages, starting none of their services.

    Args:
        packages: Their names; with none of them nothing is done.

    Raises:
        PreparationError: If this isn't Debian, we aren't root, or apt fails.
    """
    if not packages:
        return
    names = " ".join(packages)
    if _which("apt-get") is None:
        raise PreparationError(
            f"This needs what Debian packages as: {names}. There is no apt-get here: install the "
            "same with this system's package manager (on macOS and Windows, Docker Desktop and "
            "Chrome), then run make again."
        )
    if os.geteuid() != 0:
        raise PreparationError(
            f"This needs: {names}. Install them, then run make again:\n"
            f"  sudo apt-get update && sudo apt-get install {names}"
        )
    with Progress(f"Debian packages: {names}", 100) as progress, no_services():
        _run(["apt-get", "-qq", "update"], progress)
        _run(
            [
                "apt-get",
                *("-qq", "--yes", "--no-install-recommends"),
                *("-o", "APT::Status-Fd=1", "-o", "DPkg::Lock::Timeout=300"),
                *("install", *packages),
            ],
            progress,
        )


def finish_debian() -> None:
    """Finish an installation of ours that was killed, which its policy file tells of.

    Raises:
        PreparationError: If dpkg can't finish it.
    """
    if os.geteuid() != 0 or not POLICY.exists():
        return
    if _POLICY_MARK not in POLICY.read_text(errors="replace"):
        return
    with Progress("Debian packages: finishing what was interrupted") as progress, no_services():
        _run(["dpkg", "--configure", "-a"], progress)


def _run(command: Sequence[str], progress: Progress) -> None:
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | _APT_ENVIRONMENT,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for above
        for line in process.stdout:
            # apt's README.progress-reporting: "dlstatus:N:percent:text", "pmstatus:name:percent:…"
            found = re.match(r"(dl|pm)status:([^:]*):([\d.]+):(.*)", line)
            if found is None:
                lines.append(line)
                continue
            half = 0 if found[1] == "dl" else 50
            progress.done = half + int(float(found[3])) // 2
            progress.detail = found[4].strip()
    if process.returncode:
        raise PreparationError(f"{' '.join(command)}\nfailed:\n{''.join(lines[-20:])}")


@contextlib.contextmanager
def no_services(policy: Path = POLICY) -> Iterator[None]:
    """Keep packages from starting their daemons while they are installed.

    Debian's maintainer scripts ask /usr/sbin/policy-rc.d, and take 101 for a no. A file that
    someone else put there stays; one that an interrupted run of ours left is taken away.

    Args:
        policy: The file that they ask.
    """
    if policy.exists() and _POLICY_MARK not in policy.read_text(errors="replace"):
        yield
        return
    policy.write_text(f"#!/bin/sh\n{_POLICY_MARK}\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _missing(wanted: dict[str, str]) -> list[str]:
    return [package for program, package in wanted.items() if _which(program) is None]


def _which(program: str) -> str | None:
    # Daemons lie in sbin, which an ordinary user's PATH leaves out.
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _apparmor() -> bool:
    """Whether the kernel uses AppArmor (its module's parameter, apparmor(7))."""
    with contextlib.suppress(OSError):
        return _APPARMOR.read_text(encoding="ascii").startswith("Y")
    return False


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare the parts named on the command line.

    Args:
        arguments: The command line, without the program's name.

    Returns:
        The exit status: 0, or 1 with one message on standard error.
    """
    parser = argparse.ArgumentParser(prog="tools.prepare", description=__doc__)
    parser.add_argument("parts", nargs="+", choices=["venv", "engine", "machine"])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    options = parser.parse_args(arguments)
    try:
        with _only_one():
            finish_debian()
            for part in options.parts:
                if part == "venv":
                    prepare_venv(options.venv)
                elif part == "engine":
                    prepare_engine()
                else:
                    prepare_machine()
    except PreparationError as error:
        print(f"\nset-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run make again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
