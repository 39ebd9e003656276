"""A terminal emulator, pyte's, that remembers which lines were wrapped."""

from __future__ import annotations

import pyte

_HISTORY = 20_000
"""Lines that can be scrolled back to."""


class Emulator(pyte.HistoryScreen):
    """A screen that remembers which lines go on in the next one."""

    def draw(self, data: str) -> None:
        """Show characters where the cursor is, as pyte does."""
        while data:
            if self.cursor.x == self.columns and pyte.modes.DECAWM in self.mode:
                # The mark goes with the line when it scrolls into the history.
                self.buffer[self.cursor.y].goes_on = True  # type: ignore[attr-defined]
            # At once what can't reach the edge, however wide; the rest one by one.
            some = max((self.columns - self.cursor.x) // 2, 1)
            super().draw(data[:some])
            data = data[some:]


def start(columns: int, rows: int) -> tuple[Emulator, pyte.Stream]:
    """Return an empty screen of this size, and the stream that is fed what a program writes."""
    screen = Emulator(columns, rows, history=_HISTORY, ratio=0.5)
    return screen, pyte.Stream(screen)
