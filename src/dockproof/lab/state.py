"""Where the lab keeps what outlives a process: locks, identity, the private engine's data.

Everything on the outer engine says whose it is: the host that made it and the run that made it. A
run holds an advisory lock on a file of its own as long as it lives, so that any other can see
whether an object's maker is still there; the kernel drops the lock however the maker dies.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dockproof.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL = "dockproof"


def state_root() -> Path:
    """Give the state directory: DOCKPROOF_STATE, or the usual place for root or for a user."""
    if chosen := os.environ.get("DOCKPROOF_STATE"):
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/dockproof")
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "dockproof"


class State:
    """The state directory of this user on this host; made by whoever needs it first.

    Attributes:
        root: The directory.
        host: An id for this state directory, on the label of all that is made from it.
    """

    def __init__(self, root: Path | None = None) -> None:
        """Make the directory where it is missing.

        Args:
            root: Another directory than `state_root()` gives.

        Raises:
            LabError: The directory can't be written.
        """
        self.root = root or state_root()
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            with self.lock("identity"):
                file = self.root / "host-id"
                if not file.exists():
                    file.write_text(secrets.token_hex(6))
                self.host = file.read_text().strip()
        except OSError as error:
            raise LabError(
                f"the lab's state directory {self.root} can't be used ({error}): "
                "set DOCKPROOF_STATE to a directory that you can write"
            ) from error

    @property
    def runs(self) -> Path:
        """The directory of the runs' lock files."""
        return self.root / "runs"

    def grab(self, name: str, *, shared: bool = False, wait: bool = True) -> int | None:
        """Lock the file `<root>/<name>.lock`.

        Args:
            name: The lock's name.
            shared: Several may hold it at once.
            wait: Wait until the lock is free.

        Returns:
            The file descriptor that holds the lock until it is closed; None where another holds it
            and `wait` is false.
        """
        file = os.open(self.root / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        return file

    @staticmethod
    def release(lock: int | None) -> None:
        """Give up what `grab` gave."""
        if lock is not None:
            os.close(lock)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock `name` alone for the length of a `with` block."""
        file = self.grab(name)
        try:
            yield
        finally:
            self.release(file)

    def is_running(self, run: str) -> bool:
        """Tell whether the process that made the run `run` still lives."""
        path = self.runs / f"{run}.lock"
        if not run or not path.exists():
            return False
        file = self.grab(f"runs/{run}", wait=False)
        if file is None:
            return True
        os.close(file)
        return False

    def living_runs(self) -> list[str]:
        """Give the ids of the runs whose process lives."""
        return [path.stem for path in self.runs.glob("*.lock") if self.is_running(path.stem)]

    def forget_dead_runs(self) -> None:
        """Remove the lock files of runs that are over, once their objects are gone."""
        for path in self.runs.glob("*.lock"):
            if not self.is_running(path.stem):
                path.unlink(missing_ok=True)


class Run:
    """One process's claim on what it makes on the outer engine.

    Attributes:
        state: The state directory.
        id: Random; part of the names and a label of all that the run makes.
    """

    def __init__(self, state: State) -> None:
        """Take the run's lock, before the first object is made."""
        self.state = state
        while True:
            self.id = secrets.token_hex(4)
            self._lock = state.grab(f"runs/{self.id}")
            # Another process may have taken the file for a dead run's before it was locked.
            if (state.runs / f"{self.id}.lock").exists():
                break

    @property
    def labels(self) -> dict[str, str]:
        """The labels of every object of this run."""
        return {
            LABEL: "1",
            f"{LABEL}.host": self.state.host,
            f"{LABEL}.run": self.id,
        }

    def close(self) -> None:
        """Give the claim up: what is still there of this run is anyone's to remove."""
        if self._lock is not None:
            with suppress(OSError):
                (self.state.runs / f"{self.id}.lock").unlink()
            os.close(self._lock)
            self._lock = None
