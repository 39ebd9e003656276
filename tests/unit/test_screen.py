"""What a terminal shows after a program has written to it."""

from __future__ import annotations

import pytest

from dockproof.screen import COLUMNS, Screen, plain, render


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a\r\nb\r\n", "a\nb\n"),
        (b"a\nb", "a\nb"),
        ("数据卷\r\n".encode(), "数据卷\n"),
        (b"a\tb\r\n", "a       b\n"),
        (b"\xff\xfe\r\n", "��\n"),
    ],
)
def test_plain_output_is_taken_as_it_is(data: bytes, text: str) -> None:
    """Output that doesn't move the cursor needs no emulator, and isn't changed by one."""
    assert plain(data) == text
    assert render(data) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"10%\r50%\r100%\r\ndone\r\n", "100%\ndone"),
        (b"abc\rX\r\n", "Xbc"),
        (b"abc\b\bX\r\n", "aXc"),
        (b"\x1b[1m\x1b[32mgreen\x1b[0m plain\r\n", "green plain"),
        (b"a\r\nb\r\nc\r\n\x1b[2A\x1b[2KB\x1b[2B\r", "a\nB\nc"),
        (b"a\r\n\x1b[1A\x1b[2K", ""),
        (b"a\x00b\r\n", "ab"),
        (b"\x07bell\r\n", "bell"),
        ("\x1b[31m数据卷\x1b[0m|\r\n".encode(), "数据卷|"),
        (b"\x1b]0;title\x07x\r\n", "x"),
        (b"x\x1b[?25l\x1b[?25h\r\n", "x"),
        (b"\x1b[?2004hx\x1b[?2004l\r\n", "x"),
    ],
)
def test_output_that_moves_the_cursor(data: bytes, text: str) -> None:
    """Progress bars leave their last state, colours leave nothing, controls aren't shown."""
    assert plain(data) is None
    assert render(data).rstrip() == text


@pytest.mark.parametrize(
    "text", ["✔️ done", "é 👨\u200d👩\u200d👧 ✔️|", "ok ❤️ tail", "a\u200bb", "\ufeffb"]
)
def test_characters_without_a_width_are_kept(text: str) -> None:
    """Joiners and the like stay where they are, and what follows isn't lost."""
    shown = render(f"\x1b[32mx{text}\x1b[0m rest".encode())
    assert shown == f"x{text} rest"


def test_a_line_wider_than_the_terminal_is_one_line() -> None:
    """What a terminal wraps at its edge is one line, as it is when the reader copies it."""
    wide = "x" * 250
    assert render(f"{wide}\r\nb\r\n".encode()) == f"{wide}\nb\n"
    assert render(f"\x1b[1m{wide}\x1b[0m\r\nb\r\n".encode()).rstrip() == f"{wide}\nb"


@pytest.mark.parametrize("width", [COLUMNS - 1, COLUMNS, COLUMNS + 1, 2 * COLUMNS])
def test_lines_of_just_the_terminals_width(width: int) -> None:
    """A line that ends at the edge doesn't run into the next one."""
    line = "x" * width
    assert render(f"\x1b[0m{line}\r\ny\r\n".encode()).rstrip() == f"{line}\ny"


def test_a_wide_characters_second_cell_is_no_space() -> None:
    """A line of Chinese that is wider than the terminal is one line, with nothing put into it."""
    text = "漢" * (COLUMNS // 2 + 2)
    assert render(f"{text}\x1b[0m\r\nb\r\n".encode()).rstrip() == f"{text}\nb"


def test_more_lines_than_the_screen_has_are_kept() -> None:
    """What has scrolled away is still there to scroll back to."""
    text = "\n".join(f"line {n}" for n in range(1000))
    data = ("\x1b[0m" + text.replace("\n", "\r\n") + "\r\n").encode()
    assert render(data).rstrip() == text


def test_a_screen_is_fed_piece_by_piece() -> None:
    """Pieces may cut a character or an escape sequence in two."""
    data = "\x1b[1m数据\x1b[0m卷\r\n>>> ".encode()
    whole = render(data)
    screen = Screen()
    for byte in data:
        screen.feed(bytes([byte]))
        screen.text()
    assert screen.text() == whole == "数据卷\n>>> "


def test_the_cursors_line_keeps_a_prompts_space() -> None:
    """A prompt ends where the cursor stands, its space included."""
    screen = Screen()
    screen.feed(b"\x1b[1ma\x1b[0m\r\n/ # ")
    assert screen.text() == "a\n/ # "
