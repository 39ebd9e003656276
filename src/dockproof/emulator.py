"""A terminal emulator, pyte's, that remembers which lines were wrapped."""

from __future__ import annotations

import re

import pyte

_HISTORY = 20_000
"""Lines that can be scrolled back to."""

# Joiners, marks that choose a character's look, byte order marks.
_WIDTHLESS = re.compile("([\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]+)")


class Emulator(pyte.HistoryScreen):
    """A screen that remembers which lines go on in the next one."""

    def draw(self, data: str) -> None:
        """Show characters where the cursor is, as pyte does."""
        for number, chunk in enumerate(_WIDTHLESS.split(data)):
            if number % 2:
                self._attach(chunk)
            else:
                self._draw(chunk)

    def _attach(self, characters: str) -> None:
        """Put characters without a width behind the one before; pyte drops all from there on."""
        if self.cursor.x:
            line = self.buffer[self.cursor.y]
            last = line[self.cursor.x - 1]
            line[self.cursor.x - 1] = last._replace(data=last.data + characters)

    def _draw(self, data: str) -> None:
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
