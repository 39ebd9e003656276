"""Saying what is under way, how far it is and how long it has taken."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from types import TracebackType

_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 10.0


class Progress:
    """A line about one long step, shown while the step is under way.

    On a terminal the line is rewritten in place twice a second; in a log, where a line can't be
    taken back, a new one is written every ten seconds. Used as a context manager; the caller
    assigns `detail`, `done` and `total` as it learns them.

    Args:
        what: The step, as the reader knows it ("Python packages").
        total: How many parts the step has, or 0 if that isn't known.
        stream: Where the line goes.
    """

    def __init__(self, what: str, total: int = 0, stream: TextIO | None = None) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self.detail = ""
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def line(self) -> str:
        """The step's state in one line: what, how far, how long."""
        parts = [f"  {self.what}"]
        if self.total:
            parts.append(f"{min(self.done, self.total)}/{self.total}")
        parts.append(f"{self.seconds:.0f} s")
        if self.detail:
            parts.append(self.detail)
        return " · ".join(parts)

    def __enter__(self) -> Self:
        """Begin to show the line."""
        self._started = time.monotonic()
        self._show()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave one last line that says how long it took, or that it failed."""
        self._stop.set()
        self._thread.join()
        end = "ready" if kind is None else "failed"
        self._write(f"  {self.what}: {end} after {self.seconds:.0f} s", last=True)

    def _tick(self) -> None:
        while not self._stop.wait(_TERMINAL_SECONDS if self._terminal else _LOG_SECONDS):
            self._show()

    def _show(self) -> None:
        self._write(self.line(), last=False)

    def _write(self, line: str, *, last: bool) -> None:
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line[:120]}" + ("\n" if last else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
