"""What a site says of its proofs: a note below each block, and a page that lists them all.

Used by the site's MkDocs hook; the words are in :mod:`dockproof.proof_words`.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dockproof import ledger
from dockproof.blocks import Kind
from dockproof.errors import PageError
from dockproof.proof_words import Words, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockproof.blocks import Block, Blocks
    from dockproof.ledger import Image, Ledger, Record

_OPENING = re.compile(r'<div class="(?:[^"]* )?highlight(?: [^"]*)?"')
_CODE = re.compile(r"<code[^>]*>(.*?)</code>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_LIST = re.compile(r"\s*(?=<ol\b)")
_ANNOTATED = re.compile(r"\(\d+\)!?[ \t]*(?:\*/|-->)?[ \t]*$")
_LINE_NUMBERS = "linenos"
_DIGITS = 12  # of a digest, as Docker itself cuts ids


class State(StrEnum):
    """What a block is, for its note's looks."""

    PROVED = "proved"
    UNPROVED = "unproved"
    SKIPPED = "skipped"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be said of one block.

    Attributes:
        block: The block.
        state: What it is.
        text: Why it was not run; else empty.
        records: Its records, the newest first.
    """

    block: Block
    state: State
    text: str
    records: Sequence[Record]


def notes(page: Blocks, known: Ledger) -> list[Note]:
    """Return what is to be said of each of a page's blocks, in order.

    Args:
        page: The page.
        known: The records.
    """
    words = words_of(page.language)
    found: list[Note] = []
    newest: Record | None = None
    for block, key in zip(page.blocks, ledger.keys(page), strict=True):
        reason = block.directives.skip_reason(page.language)
        records = known.of(key) if key else []
        newest = records[0] if records else newest
        if reason is not None:
            text = words.reason.format(what=words.skipped, reason=reason)
            found.append(Note(block, State.SKIPPED, text, []))
        elif block.kind in {Kind.DISPLAY, Kind.TEXT}:
            found.append(Note(block, State.SHOWN, words.shown, []))
        elif records:
            found.append(Note(block, State.PROVED, "", records))
        elif newest and _version(newest.lab.engine) < block.directives.engine:
            reason = words.too_old.format(
                engine=newest.lab.engine, version=_dotted(block.directives.engine)
            )
            text = words.reason.format(what=words.skipped, reason=reason)
            found.append(Note(block, State.SKIPPED, text, []))
        else:
            found.append(Note(block, State.UNPROVED, words.unproved, []))
    return found


def insert(rendered: str, page: Blocks, found: Sequence[Note], explained: str) -> str:
    """Put a note below each block of a page.

    Args:
        rendered: The page's content as MkDocs renders it.
        page: The page.
        found: Its notes.
        explained: Where the notes' words are explained, as a link from the page; or empty.

    Returns:
        The content with the notes.

    Raises:
        PageError: The content's blocks are not those that the harness sees.
    """
    spans = _spans(rendered)
    _agree(rendered, spans, page)
    pieces: list[str] = []
    done = 0
    for (_, end), note in zip(spans, found, strict=True):
        place = _behind_annotations(rendered, end, note.block)
        pieces += [rendered[done:place], _html(note, page.language, explained)]
        done = place
    return "".join([*pieces, rendered[done:]])


def listing(
    pages: Sequence[tuple[str, Blocks]], known: Ledger, language: str, explained: str
) -> str:
    """Return the page that lists all blocks, as Markdown.

    Args:
        pages: Each page's link target and blocks, in the order in which they are to be listed.
        known: The records.
        language: The pages' language.
        explained: The link target of what explains the words, or empty.
    """
    words = words_of(language)
    lines = [
        "---",
        f"description: {json.dumps(words.description, ensure_ascii=False)}",
        "search: {exclude: true}",
        "---",
        "",
        f"# {words.title} {{ #proof }}",
        "",
    ]
    links = [f"[{words.explained}]({explained})"] if explained else []
    lines += [" · ".join([*links, f"[{words.data}](ledger.json)"]), ""]
    all_notes = [(target, page, notes(page, known)) for target, page in pages]
    proved = [note.records for _, _, found in all_notes for note in found if note.records]
    lines += _labs([record for records in proved for record in records], words)
    lines += _base_images([records[0] for records in proved], words)
    for target, page, found in all_notes:
        if found:
            lines += _section(target, page, found, words)
    return "\n".join(lines)


def _labs(records: Sequence[Record], words: Words) -> list[str]:
    labs = dict.fromkeys(
        words.lab.format(
            engine=lab.engine,
            buildx=lab.buildx or "-",
            compose=lab.compose or "-",
            suite=lab.suite,
            kernel=lab.kernel,
            cgroup=lab.cgroup,
        )
        for lab in (record.lab for record in records)
    )
    return _items(words.labs, "labs", list(labs))


def _base_images(records: Sequence[Record], words: Words) -> list[str]:
    images: dict[str, str] = {}
    for record in sorted(records, key=lambda r: r.date):
        for name, image in record.lab.images.items():
            text = words.listed_official if image.official else words.listed_stand_in
            images[name] = text.format(name=name, recipe=image.recipe, digest=image.digest)
    return _items(words.images, "base-images", [images[name] for name in sorted(images)])


def _items(title: str, anchor: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    return [f"## {title} {{ #{anchor} }}", "", *(f"- {item}" for item in items), ""]


def _section(target: str, page: Blocks, found: Sequence[Note], words: Words) -> list[str]:
    title = page.page.headings[0].title if page.page.headings else target
    anchor = re.sub(r"[^a-z0-9]+", "-", target.removesuffix(".md").lower())
    counts = Counter(note.state for note in found)
    lines = [
        f"## [{title}]({target}) {{ #page-{anchor} }}",
        "",
        words.counts.format(**{state.value: counts[state] for state in State}),
        "",
        "| " + " | ".join(words.head) + " |",
        "| --- | --- | ---: | --- |",
    ]
    for note in found:
        heading = note.block.fence.heading
        link = f"{target}#{heading.id}" if heading and heading.id else target
        name = f"[{_cell(note.block.name)}]({link})"
        if not note.records:
            lines.append(f"| {name} | {_cell(note.text)} | | |")
            continue
        newest = note.records[0]
        engines = ", ".join(
            f"{record.lab.engine} ({suite})" for record, suite in _places(note.records, words)
        )
        lines.append(f"| {name} | {_day(newest)} | {newest.seconds:.1f} | {engines} |")
    return [*lines, ""]


def _cell(text: str) -> str:
    return re.sub(r"([\\|*_`\[\]<>])", r"\\\1", text)


def _html(note: Note, language: str | None, explained: str) -> str:
    words = words_of(language)
    link = f'<a href="{html.escape(explained)}">' if explained else ""
    end = "</a>" if explained else ""
    if not note.records:
        parts = [f"{link}{html.escape(note.text)}{end}"]
    else:
        (newest, suite), *others = _places(note.records, words)
        lab = newest.lab
        time = f'<time datetime="{newest.date}">{_day(newest)}</time>'
        parts = [
            f"{link}{words.proved}{end} {time}",
            words.engine.format(engine=lab.engine, suite=suite),
            *(
                words.also.format(date=_day(r), engine=r.lab.engine, suite=where)
                for r, where in others
            ),
        ]
        if note.block.directives.engine:
            parts.append(words.needs.format(version=_dotted(note.block.directives.engine)))
        parts += [html.escape(text) for text in _images(lab.images, words)]
    look = State.SKIPPED if note.state is State.SHOWN else note.state
    # The search index is for what the notes teach, not for these.
    return f'\n<p class="proof proof--{look}" data-search-exclude>{" · ".join(parts)}</p>'


def _places(records: Sequence[Record], words: Words) -> list[tuple[Record, str]]:
    """Return where a block was proved, the newest first.

    Returns:
        A record for each day, engine and release, and the release in words: with the versions of
        cgroups where the records have several.
    """
    several = len({record.lab.cgroup for record in records}) > 1
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        found.setdefault((_day(record), record.lab.engine, record.lab.suite), []).append(record)
    places = []
    for same in found.values():
        versions = words.comma.join(f"v{version}" for version in sorted(r.lab.cgroup for r in same))
        more = words.cgroup.format(versions=versions) if several else ""
        places.append((same[0], same[0].lab.suite + more))
    return places


def _images(images: Mapping[str, Image], words: Words) -> list[str]:
    stand_ins = [name for name, image in sorted(images.items()) if not image.official]
    texts = []
    for name, image in sorted(images.items()):
        if image.official:
            kind, _, digits = image.digest.partition(":")
            texts.append(words.official.format(name=name, digest=f"{kind}:{digits[:_DIGITS]}"))
    if stand_ins:
        texts.append(words.stand_ins.format(names=words.comma.join(stand_ins)))
    return texts


def _day(record: Record) -> str:
    return record.date[:10]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _spans(rendered: str) -> list[tuple[int, int]]:
    """Return where each rendered block begins and ends, in order."""
    spans: list[tuple[int, int]] = []
    for opening in _OPENING.finditer(rendered):
        if not spans or opening.start() >= spans[-1][1]:
            spans.append((opening.start(), _end(rendered, opening.start(), "div")))
    return spans


def _end(rendered: str, start: int, name: str) -> int:
    """Return where the element that begins at ``start`` ends."""
    depth = 0
    for tag in re.compile(rf"<(/?){name}\b").finditer(rendered, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return rendered.index(">", tag.end()) + 1
    return len(rendered)


def _agree(rendered: str, spans: Sequence[tuple[int, int]], page: Blocks) -> None:
    """See that the rendered blocks are the harness's blocks, by number and by text."""
    for (start, end), block in zip(spans, page.blocks, strict=False):
        part = rendered[start:end]
        code = _CODE.search(part)
        shown = html.unescape(_TAG.sub("", code[1])) if code else ""
        ours = "\n".join(line.text for line in block.fence.body)
        if _LINE_NUMBERS not in part and "".join(shown.split()) != "".join(ours.split()):
            raise PageError(
                page.place(block.fence.number),
                f"MkDocs shows another block here, beginning with {shown.strip()[:40]!r}",
                "look for a block above that only one of MkDocs and the harness takes for one, "
                "an indented one without a fence for instance",
            )
    if len(spans) != len(page.blocks):
        raise PageError(
            page.place(1),
            f"MkDocs shows {len(spans)} blocks, the harness sees {len(page.blocks)}",
            "look for a block behind the last fence that only one of them takes for one, "
            "an indented one without a fence for instance",
        )


def _behind_annotations(rendered: str, end: int, block: Block) -> int:
    """Return where the note goes: behind the block, or behind the list of its annotations.

    Material looks for that list right behind the block.
    """
    following = _LIST.match(rendered, end)
    if following and any(_ANNOTATED.search(line.text) for line in block.fence.body):
        return _end(rendered, following.end(), "ol")
    return end
