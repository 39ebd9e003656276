"""Fourth stage: a page as a list of blocks, each of them run, written, shown or skipped."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from dockproof import directives, markdown, session, shown
from dockproof.errors import PageError, Place

if TYPE_CHECKING:
    from pathlib import Path

    from dockproof.config import Config
    from dockproof.directives import Directives
    from dockproof.markdown import Fence, Page
    from dockproof.session import Step

# Material's code annotations: `# (1)!` is replaced by a bubble and isn't part of what a page shows.
_ANNOTATION = re.compile(r"[ \t]*(?:#|//|--|;|/\*|<!--)[ \t]*\(\d+\)!(?:[ \t]*(?:\*/|-->))?[ \t]*$")
_LONGEST_NAME = 255  # bytes, on Linux's file systems
_ONLY_SESSION = frozenset({"exit", "timeout", "retry", "engine", "terminal", "running"})


class Kind(StrEnum):
    """What becomes of a block."""

    SESSION = "session"
    FILE = "file"
    DISPLAY = "display"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Block:
    """One fence and what it is for.

    Attributes:
        name: Its name on the page, from the nearest heading and a count; it stays when lines move.
        kind: What becomes of it.
        fence: The fence.
        directives: What the page says about it.
        steps: A session's steps.
        key: A hash of what is run and expected, the same in each language.
    """

    name: str
    kind: Kind
    fence: Fence
    directives: Directives
    steps: tuple[Step, ...]
    key: str

    @property
    def content(self) -> str:
        """A file block's content: what the page shows, with one newline at the end."""
        lines = [_ANNOTATION.sub("", line.text) for line in self.fence.body]
        while lines and not lines[-1].strip():
            lines.pop()
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Blocks:
    """A page and its blocks in order."""

    page: Page
    blocks: tuple[Block, ...]
    language: str | None

    @property
    def path(self) -> Path:
        """The page's path, as messages show it."""
        return self.page.path

    @cached_property
    def key(self) -> str:
        """A hash of all that the page runs, writes and expects; twins have the same."""
        return _hash(self.page.machines, *(block.key for block in self.blocks))

    def place(self, number: int) -> Place:
        """Return the place of line ``number``."""
        return self.page.place(number)

    def counts(self) -> Counter[str]:
        """Return how many fences become what, and how many steps there are."""
        counts = Counter({kind.value: 0 for kind in Kind} | {"skipped": 0, "steps": 0})
        for block in self.blocks:
            skipped = block.directives.skip_reason(self.language) is not None
            counts["skipped" if skipped else block.kind.value] += 1
            counts["steps"] += 0 if skipped else len(block.steps)
        return counts


def load(path: Path, config: Config) -> Blocks:
    """Read the page at ``path`` into blocks.

    Raises:
        PageError: The page can't be read as it stands; the message says where and what to do.
    """
    page = markdown.read(path, config.shown(path), config.snippets)
    if page.engine and page.engine not in config.engines:
        raise PageError(
            page.place(1),
            f"the front matter asks for an engine `{page.engine}`, which the lab doesn't have",
            f"use one of {', '.join(config.engines)}" if config.engines else "ask for none",
        )
    result = build(page, config.language_of(path))
    for block in result.blocks:
        for language in filter(None, block.directives.skip):
            if language not in config.languages:
                raise PageError(
                    block.directives.place or page.place(block.fence.number),
                    f"`skip-{language}` is not a directive",
                    f"the site's languages are {', '.join(config.languages)}",
                )
    return result


def build(page: Page, language: str | None = None) -> Blocks:
    """Make blocks of a page's fences.

    Args:
        page: The page.
        language: Its language, for skip reasons.

    Raises:
        PageError: See :func:`load`.
    """
    for comment in page.loose:
        if directives.is_directive(comment, page.place(comment.number), above_fence=False):
            raise PageError(
                page.place(comment.number),
                "the directive stands above no fence",
                "put it on the line directly above the fence, or remove it",
            )
    for line in page.prose:
        if directives.is_stray(line.text):
            raise PageError(
                page.place(line.number),
                "the directive doesn't stand on a line of its own",
                "write `<!-- prove: … -->` on one line, directly above the fence",
            )
        if session.is_command(line.text.lstrip("> \t")):
            raise PageError(
                page.place(line.number),
                "the command stands in no fence, so that nothing would run it",
                "put it and what it prints into a `console` fence",
            )
    names = _Names()
    running: _Running = {True: [], False: []}
    blocks = [_block(fence, page, names, running, language) for fence in page.fences]
    sessions = any(block.kind is Kind.SESSION for block in blocks)
    for block in blocks:
        if block.kind is Kind.FILE and not sessions:
            raise PageError(
                page.place(block.fence.number),
                "the file is used by no session on the page",
                "add a session that uses it, or say `<!-- prove: display -->` above it",
            )
    _ = page.machines
    return Blocks(page, tuple(blocks), language)


_Running = dict[bool, list[tuple[str, int]]]
"""By whether they are skipped: the nodes and terminals where blocks left a program running."""


class _Names:
    """The names that a page's blocks have so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: Counter[str] = Counter()
        self._taken: set[str] = set()

    def new(self, base: str, *, bare: bool) -> str:
        """Return ``base`` and its count, or ``base`` alone the first time where ``bare``."""
        while True:
            self._counts[base] += 1
            count = self._counts[base]
            name = base if bare and count == 1 else f"{base}-{count}"
            if name not in self._taken:  # a file's title may end as a count does
                self._taken.add(name)
                return name


def _block(
    fence: Fence,
    page: Page,
    names: _Names,
    running: _Running,
    language: str | None,
) -> Block:
    given = _directives(fence, page)
    kind = _kind(fence, given, page)
    section = (fence.heading.id or _slug(fence.heading.title)) if fence.heading else "top"
    base = f"{section}-{fence.title}" if kind is Kind.FILE else section
    name = names.new(base, bare=kind is Kind.FILE)
    steps: tuple[Step, ...] = ()
    if kind is Kind.SESSION:
        skipped = given.skip_reason(language) is not None
        left = running[skipped]
        nodes = [node for node, terminal in left if terminal == given.terminal]
        try:
            steps = session.steps(fence, page, resumes=nodes[0] if nodes else None)
        except PageError:
            # What isn't run may be another system's session: `PS C:\> wsl --install`.
            if not skipped or any(session.is_command(line.text) for line in fence.body):
                raise
        used = {(step.node, given.terminal) for step in steps}
        left[:] = [where for where in left if where not in used]
        if given.running and steps:
            left.append((steps[-1].node, given.terminal))
    return Block(name, kind, fence, given, steps, _key(fence, kind, given, steps))


def _slug(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "section"


def _directives(fence: Fence, page: Page) -> Directives:
    comment = fence.comment
    if comment is not None:
        place = page.place(comment.number)
        if directives.is_directive(comment, place, above_fence=True):
            return directives.parse(comment, place)
    return directives.Directives()


def _kind(fence: Fence, given: Directives, page: Page) -> Kind:
    place = page.place(fence.number)
    if given.display:
        return Kind.DISPLAY
    if fence.language == "console":
        return Kind.SESSION  # whatever its title, which the reader sees above it
    extra = sorted(given.given & _ONLY_SESSION)
    if extra:
        raise PageError(
            given.place or place,
            f"`{extra[0]}` stands above a fence that isn't a session",
            "make the fence `console`, or remove the directive",
        )
    if fence.title is not None:
        _check_title(fence.title, place)
        return Kind.FILE
    if fence.language == "text":
        if command := next((line for line in fence.body if session.is_command(line.text)), None):
            raise PageError(
                page.place(command.number),
                "the fence is `text`, and this line looks like a command that was run",
                "make the fence `console`, or say `<!-- prove: display -->` above it",
            )
        return Kind.TEXT
    if given.skip:
        return Kind.DISPLAY
    raise PageError(
        place,
        f"the fence{f' of {fence.language}' if fence.language else ''} is neither run nor declared",
        'make it `console`, give it title="dir/file", call it `text`, '
        "or say `<!-- prove: display -->` above it",
    )


def _check_title(title: str, place: Place) -> None:
    if (
        not title.strip()
        or title.endswith("/")
        or {".", ".."} & set(title.split("/"))
        or any(len(part.encode()) > _LONGEST_NAME for part in title.split("/"))
        or title.startswith("~")
    ):
        raise PageError(
            place,
            f'the title "{title}" is not a path that the reader could save to',
            'write a path below the home directory, as in title="dir/file", or an absolute one',
        )


def _key(fence: Fence, kind: Kind, given: Directives, steps: tuple[Step, ...]) -> str:
    """Hash what is run and expected; what only the reader reads doesn't count."""
    parts = [kind.value, fence.title or "", fence.language]
    parts += [
        str(x)
        for x in (
            given.exit,
            given.timeout,
            given.retry,
            given.engine,
            given.terminal,
            given.running,
            given.display,
            bool(given.skip),
        )
    ]
    if kind is Kind.SESSION:
        for step in steps:
            parts += [step.node, step.command or ""]
            parts += shown.expected(step)
    if not steps:
        parts += [line.text for line in fence.body]
    return _hash(*parts)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
