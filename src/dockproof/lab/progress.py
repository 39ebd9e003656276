"""Progress of the lab's long preparations: what, how far, how long."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Progress:
    """Counts steps and tells about them, from several threads."""

    def __init__(self, say: Callable[[str], None], steps: int) -> None:
        """Expect so many steps.

        Args:
            say: Takes a line.
            steps: How many `step` blocks there will be.
        """
        self._say, self._steps, self._done = say, steps, 0
        self._lock = threading.Lock()
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Tell that a step begins, and when it is over how long it took."""
        self._say(f"lab: {what} ...")
        began = time.monotonic()
        yield
        with self._lock:
            self._done += 1
            now = time.monotonic()
            self._say(
                f"lab: [{self._done}/{self._steps}] {what}: {now - began:.0f} s "
                f"(in all {now - self._began:.0f} s)"
            )
