"""One step in a terminal: follow its command to the end, and type what the page types into it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

import pexpect

from dockproof import compare
from dockproof.results import Status
from dockproof.screen import Screen
from dockproof.session import KEYS, heredoc_size, heredocs_of, is_key, is_prompt, prompt_of

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from dockproof.bindings import Bindings, Substitution
    from dockproof.session import Prompt
    from dockproof.terminal import Terminal
    from dockproof.volatile import Rule

MOST_OUTPUT = 4 * 2**20
"""Bytes that a step may print."""
_SETTLED = 0.3
"""Seconds of silence after which a program that may still print is taken at its word."""
_PROMPT_SETTLED = 0.03
"""The same at what has the form of a shell's or an interpreter's prompt."""
_WORDS_SETTLED = 0.25
"""The same at other words that may be a prompt, such as ``Username:``."""
_RESTLESS = 4 * _SETTLED
"""Seconds after which a program that never falls silent is sent a key or left, too."""
_LONGEST_WAIT = 1.0
_KILL_LINE = b"\x15"
_LATE = 5.0
"""Seconds in which a program must end when a key was typed though what precedes it never came."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the page: as it stands there, and as the terminal has it."""

    page: str
    terminal: str


@dataclass(slots=True)
class Outcome:
    """What a step came to.

    Attributes:
        status: How it ended; PASSED says only that it ended as it should.
        exit: Its exit status, or None where it has none.
        expected: The page's lines.
        actual: The terminal's lines.
        detail: What else there is to say.
        interrupted: Whether the page typed ``^C`` into it.
    """

    status: Status
    exit: int | None
    expected: list[Shown]
    actual: list[str]
    detail: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """A line typed at a question, until it can be told whether the terminal echoes it.

    Attributes:
        part: Where it is shown, and at which place there.
        row: The terminal's line that the question stands on, since the last key.
        question: The prompt.
        length: Bytes that the echo would have.
    """

    part: _Part
    place: int
    row: int
    question: str
    length: int


@dataclass(slots=True)
class _Part:
    """What page and terminal show up to the next key."""

    shown: list[Shown] = field(default_factory=list)
    actual: list[str] = field(default_factory=list)


class Interaction:
    """A program in a terminal, from its start to its end, over one block or several.

    Args:
        terminal: Where it runs.
        bindings: The page's bindings; looked at, never added to.
        translate: Puts the run's live values into what the page types; what it replaces is added to
            ``substitutions``.
        substitutions: The words of the step that were run as other words.
        asked: What :func:`dockproof.volatile.asked` says of the step's command.
    """

    def __init__(
        self,
        terminal: Terminal,
        bindings: Bindings,
        translate: Callable[[str], str],
        substitutions: list[Substitution],
        asked: tuple[Rule, ...] = (),
    ) -> None:
        """Begin with nothing printed."""
        self.terminal = terminal
        self.exit: int | None = None
        self._bindings = bindings
        self._translate = translate
        self.substitutions = substitutions
        self._asked = asked
        self._screen = Screen()
        self._base = ""
        self._key = ""
        self._size = 0
        self._typed = -1
        self._heard = self._watched = time.monotonic()
        self._restless = False
        self._todo: list[str] = []
        self._parts: list[_Part] = []
        self._interrupted = False
        self._late = ""
        self._answer: _Answer | None = None
        self._heredoc: re.Match[str] | None = None

    def run(self, lines: Sequence[str], timeout: float, *, stays: bool) -> Outcome:
        """Follow the program through what the page shows.

        Args:
            lines: The page's lines after the command.
            timeout: Seconds until the program must have ended, or must have printed what the page
                shows where it stays.
            stays: Whether the program is still running when the block ends.

        Raises:
            EndedError: The shell ended.
        """
        deadline = time.monotonic() + timeout
        self._todo = list(lines)
        self._watched = time.monotonic()
        self._parts = [_Part()]
        self._interrupted = False
        self._late = ""
        cursor = self._cursor()
        first = prompt_of(lines[0]) if lines else None
        if cursor and first and first.prompt.rstrip() == cursor.rstrip():
            self._base = self._base.removesuffix(cursor)  # shown again where it is used
        typable = stays or any(is_key(text) or prompt_of(text) for text in lines)
        while not self._take():
            now = time.monotonic()
            if self._size > MOST_OUTPUT:
                return self._outcome(Status.FLOOD, f"more than {MOST_OUTPUT >> 20} MiB")
            quiet = self._quiet(now)
            if typable and quiet >= _PROMPT_SETTLED:
                if self._type_next(quiet, deadline):
                    continue
                if stays and (shown := self._all_shown(quiet)) is not None and self._settled():
                    return self._leave(self._outcome(Status.PASSED, actual=shown))
            if now >= deadline:
                if self._type_late():
                    deadline = now + _LATE
                    continue
                if stays and not any(is_key(text) for text in self._todo):
                    # It does stay; what it has shown by now is all that the page can compare.
                    return self._leave(self._outcome(Status.PASSED))
                more = f"; {self._late}" if self._late else self._waiting()
                return self._outcome(Status.TIMEOUT, f"after {timeout:g} s{more}")
            self._read(min(deadline - now, _PROMPT_SETTLED if typable else _LONGEST_WAIT))
        return self._ended(stays=stays)

    def _outcome(
        self, status: Status, detail: str = "", actual: list[str] | None = None
    ) -> Outcome:
        last = self._parts[-1]
        last.shown += _as_output(self._todo)
        last.actual += _lines(self._text()) if actual is None else actual
        return Outcome(
            status,
            self.exit,
            [shown for part in self._parts for shown in part.shown],
            [line for part in self._parts for line in part.actual],
            detail,
            self._interrupted,
        )

    def _quiet(self, now: float) -> float:
        """Return the seconds of silence; a program that prints on and on counts as settled."""
        quiet = now - self._heard
        self._restless = quiet < _SETTLED and now - self._watched >= _RESTLESS
        if self._restless:
            self._watched = now + _SETTLED - _RESTLESS  # looked at again after a while, not at once
            return _SETTLED
        return quiet

    def _settled(self) -> bool:
        """Tell whether a silence is one in which the program waits.

        What prints on and on never settles; it is typed into all the same.
        """
        if self._restless or self.terminal.settled():
            return True
        self._heard = time.monotonic()
        return False

    def _ended(self, *, stays: bool) -> Outcome:
        """Say what the program's end is on this page."""
        keys = [text.strip() for text in self._todo if is_key(text)]
        if keys:
            return self._outcome(Status.INPUT, f"the program had ended before {keys[0]} was typed")
        return self._outcome(Status.RUNNING if stays else Status.PASSED, self._late)

    def _type_next(self, quiet: float, deadline: float) -> bool:
        """Type what the page types next, if the program waits for it; return whether it did."""
        index = self._next(quiet)
        if index is None or not self._settled():
            return False
        part = self._parts[-1]
        before = _as_output(self._todo[:index])
        if is_key(self._todo[index]):
            self._type_key(index, self._agreeing([*part.shown, *before]) or [])
        else:
            part.shown += before
            del self._todo[:index]
            self._enter(deadline)
        return True

    def _type_key(self, index: int, actual: list[str]) -> None:
        """Type the key of the page's line ``index``; ``actual`` is what the terminal has shown."""
        part = self._parts[-1]
        key = self._todo[index].strip()
        part.shown += [*_as_output(self._todo[:index]), Shown(self._todo[index], key)]
        part.actual += [*actual, key]
        self._interrupted = self._interrupted or key == "^C"
        self._key = key
        self._base = self._screen.text()
        self._parts.append(_Part())
        self._type(KEYS[key])
        del self._todo[: index + 1]

    def _type_late(self) -> bool:
        """Type the next key though what precedes it hasn't come; return whether there is one.

        The program ends then, as on the page, and its other output can be told and accepted. A line
        that is to be typed at a prompt first isn't left out for it.
        """
        following = (n for n, text in enumerate(self._todo) if is_key(text) or _is_strong(text))
        index = next(following, None)
        if index is None or not is_key(self._todo[index]):
            return False
        self._late = f"{self._todo[index].strip()} was typed though what precedes it never came"
        self._type_key(index, _lines(self._text()))
        return True

    def _all_shown(self, quiet: float) -> list[str] | None:
        """Return the terminal's lines if the page has nothing more to show or type, or None."""
        if quiet < _SETTLED or any(is_key(text) for text in self._todo):
            return None
        return self._agreeing([*self._parts[-1].shown, *_as_output(self._todo)])

    def finish(self, timeout: float) -> str | None:
        """Wait for the end of a program that an earlier block left running.

        Returns:
            What it printed since, or None where it hasn't ended within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._take():
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._read(left)
        return self._text()

    def _next(self, quiet: float) -> int | None:
        """Return the index of the line that is to be typed now, or None."""
        cursor = self._cursor() if self._size > self._typed else ""
        first = True
        for index, line in enumerate(self._todo):
            if is_key(line):
                shown = [*self._parts[-1].shown, *_as_output(self._todo[:index])]
                return index if quiet >= _SETTLED and self._agreeing(shown) is not None else None
            prompt = prompt_of(line)
            if prompt is None or not cursor:
                continue
            needed = _PROMPT_SETTLED if prompt.strong and first else _WORDS_SETTLED
            if quiet >= needed and self._at(prompt, cursor):
                return index
            first = first and not prompt.strong
        return None

    def _enter(self, deadline: float) -> None:
        """Type the next line, which begins with a prompt, and those that it goes on in."""
        line = self._todo.pop(0)
        prompt = prompt_of(line)
        assert prompt is not None  # noqa: S101 - _next returns keys and prompts only
        typed = self._typed_at(prompt, line)
        shown = self._parts[-1].shown
        shown.append(Shown(line, f"{prompt.prompt}{typed}"))
        if not prompt.strong:
            self._answer = _Answer(
                self._parts[-1],
                len(shown) - 1,
                self._text().count("\n"),
                prompt.prompt.rstrip(),
                len(self._translate(typed).encode()),
            )
        # Python's own prompt indents a line by itself; the page shows all of it, and all is typed.
        extra = self._cursor().removeprefix(prompt.prompt)
        clear = _KILL_LINE if len(extra) > 1 and not extra.strip() else b""
        self._type(clear + self._translate(typed).encode() + b"\r")
        while typed.endswith("\\") and self._todo and self._goes_on(deadline):
            line = self._todo.pop(0)
            typed = line.removeprefix("> ")
            shown.append(Shown(line, f"> {typed}"))
            self._type(self._translate(typed).encode() + b"\r")

    def _typed_at(self, prompt: Prompt, line: str) -> str:
        """Return what the page's line types; in a here-document a `#` is a `#`."""
        if self._heredoc is None or prompt.prompt != "> ":
            self._heredoc = next(iter(heredocs_of(prompt.typed)), None)
            return prompt.typed
        if heredoc_size([line], self._heredoc):
            self._heredoc = None
        return line[len(prompt.prompt) :]

    def _goes_on(self, deadline: float) -> bool:
        """Wait until the program asks for the rest of a line."""
        while time.monotonic() < deadline:
            if (
                self._size > self._typed
                and self._cursor()
                and time.monotonic() - self._heard >= _PROMPT_SETTLED
            ):
                return True
            self._read(_PROMPT_SETTLED)
            if self.terminal.mark.search(self.terminal.buffer):
                return False
            self._take()
        return False

    def _agreeing(self, want: list[Shown]) -> list[str] | None:
        """Return the terminal's lines if they agree with the page's so far, or None.

        The line that the cursor is on may be left out: a prompt that the page shows only where
        something is typed at it.
        """
        text = self._text()
        cursor = text.rpartition("\n")[2]
        candidates = [_lines(text)]
        if is_prompt(cursor):
            candidates.append(_lines(text[: len(text) - len(cursor)]))
        for lines in candidates:
            mark = self._bindings.mark()
            agrees = compare.matches(
                [s.terminal for s in want],
                lines,
                self._bindings,
                tuple(self.substitutions),
                self._asked,
            )
            self._bindings.rollback(mark)
            if agrees:
                return lines
        return None

    def _leave(self, outcome: Outcome) -> Outcome:
        """Go on behind what the page has shown; a prompt is shown again where it is used."""
        text = self._screen.text()
        cursor = text.rpartition("\n")[2]
        self._base = text[: len(text) - len(cursor)] if is_prompt(cursor) else text
        self._key = ""
        self._typed = -1
        return outcome

    def _text(self) -> str:
        """Return what the terminal shows since the block's start or the last key."""
        text = self._screen.text()
        # The space behind a prompt is there only while the cursor stands behind it.
        base = self._base.rstrip(" ")
        if not text.startswith(base):
            # The program has erased a line since, such as the one that the key was typed at.
            same = sum(
                1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, base, strict=False))
            )
            base = base[: base.rfind("\n", 0, same) + 1]
        new = text.removeprefix(base)
        if len(base) < len(self._base):
            new = new.lstrip(" ")
        return new.removeprefix(self._key).removeprefix("\n") if self._key else new

    def _cursor(self) -> str:
        """Return the line that the cursor is on, up to the cursor."""
        return self._screen.text().rpartition("\n")[2]

    def _at(self, prompt: Prompt, cursor: str) -> bool:
        mark = self._bindings.mark()
        agrees = compare.compile_line(prompt.prompt).match(cursor.rstrip(), self._bindings)
        self._bindings.rollback(mark)
        return agrees

    def _type(self, data: bytes) -> None:
        # The terminal echoes what is typed; a prompt seen before more came is still the old one.
        echo = len(data) - 1 if data.endswith(b"\r") else 0
        self._typed = self._size + echo
        self._heard = self._watched = time.monotonic()
        self.terminal.type(data)

    def _read(self, timeout: float) -> None:
        try:
            self.terminal.read(max(timeout, 0.001))
        except pexpect.TIMEOUT:
            return
        now = time.monotonic()
        if now - self._heard >= _SETTLED:
            self._watched = now  # the first words after a silence aren't printing on and on
        self._heard = now

    def _take(self) -> bool:
        """Move what the terminal printed to the screen; return whether the command has ended."""
        buffer = self.terminal.buffer
        if not buffer:
            return False
        match = self.terminal.mark.search(buffer)
        end = match.start() if match else buffer.rfind(b"\x1b_")  # a mark may have come in part
        data = bytes(buffer[:end]) if end >= 0 else bytes(buffer)
        if match:
            self.exit = int(match[1])
        del buffer[: match.end() if match else len(data)]
        self._screen.feed(data)
        self._size += len(data)
        if self._answer:
            self._unecho(self._answer)
        return match is not None

    def _unecho(self, answer: _Answer) -> None:
        """Take an answer that isn't echoed, as a password, out of what the terminal has to show."""
        lines = self._text().split("\n")
        if len(lines) <= answer.row + 1:
            return  # the line isn't over yet
        self._answer = None
        if answer.part is self._parts[-1] and lines[answer.row].rstrip() == answer.question:
            shown = answer.part.shown
            shown[answer.place] = Shown(shown[answer.place].page, answer.question)
            self._typed -= answer.length

    def _waiting(self) -> str:
        cursor = self._cursor().strip()
        waits = cursor and cursor not in KEYS  # a key that was typed is shown, too
        return f"; it may be waiting for input at `{cursor}`" if waits else ""


def _is_strong(text: str) -> bool:
    prompt = prompt_of(text)
    return prompt is not None and prompt.strong


def _as_output(lines: Sequence[str]) -> list[Shown]:
    return [Shown(text, text) for text in lines]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.removesuffix("\n").split("\n")] if text else []
