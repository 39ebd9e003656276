"""What a terminal shows after a program has written to it.

Plain output is taken as it is. Output that moves the cursor (progress displays, line editors) goes
through a terminal emulator, pyte; lines that were wrapped at the right edge are joined again, as a
terminal does when the reader copies them.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dockproof.emulator import Emulator

COLUMNS = 80
ROWS = 24
# Above a program's output stands the line with its command. Some programs (BuildKit's display) move
# up there and down again; a character of Unicode's private area keeps the place.
_COMMAND = "\ue000"
_PLAIN = re.compile(rb"[^\x00-\x08\x0b-\x1f\x7f]*\Z")


def plain(data: bytes) -> str | None:
    """Return the text of output that doesn't move the cursor, or None where some does."""
    data = data.replace(b"\r\n", b"\n")
    if not _PLAIN.match(data):
        return None
    text = data.decode("utf-8", "replace")
    return text.expandtabs() if "\t" in text else text


class Screen:
    """A terminal's screen with its history, fed piece by piece."""

    def __init__(self) -> None:
        """Begin with an empty screen."""
        self._data = bytearray()
        self._screen: Emulator | None = None
        self._stream: Any = None
        self._fed = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> None:
        """Write ``data`` to the screen."""
        self._data += data

    def text(self) -> str:
        """Return all that the terminal shows, history first, the cursor's line last.

        A line that ends in a newline does so here; the cursor's line keeps its trailing spaces up
        to the cursor, as a prompt has them.
        """
        if self._screen is None:
            text = plain(bytes(self._data))
            if text is not None:
                return text
            from dockproof import emulator  # noqa: PLC0415 - most pages move no cursor

            self._screen, self._stream = emulator.start(COLUMNS, ROWS)
            self._stream.feed(f"{_COMMAND}\r\n")
        new = bytes(self._data[self._fed :])
        self._fed = len(self._data)
        self._stream.feed(self._decoder.decode(new))
        return self._read(self._screen)

    @staticmethod
    def _read(screen: Emulator) -> str:
        rows: list[tuple[Any, int | None]] = [(line, None) for line in screen.history.top]
        rows += [(screen.buffer[y], y) for y in range(screen.lines)]
        out: list[str] = []
        last = 0
        joined = False
        for line, y in rows:
            width = max(line, default=-1) + 1
            text = "".join(line[x].data for x in range(width)).rstrip()
            if y == screen.cursor.y:
                text = (
                    text.ljust(min(screen.cursor.x, screen.columns))
                    if screen.cursor.x > len(text)
                    else text
                )
            goes_on = getattr(line, "goes_on", False)
            if goes_on:  # cell by cell: the second one of a wide character is empty
                text = "".join(line[x].data for x in range(screen.columns))
            if joined:
                out[-1] += text
            else:
                out.append(text)
            joined = goes_on
            if text or y == screen.cursor.y:
                last = len(out)
        return "\n".join(out[out[0] == _COMMAND : last])


def render(data: bytes) -> str:
    """Return what a terminal shows after ``data``."""
    text = plain(data)
    if text is not None:
        return text
    screen = Screen()
    screen.feed(data)
    return screen.text()
