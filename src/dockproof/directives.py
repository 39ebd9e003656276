"""Second stage: the ``<!-- prove: … -->`` comment above a fence."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dockproof.errors import PageError, Place

if TYPE_CHECKING:
    from dockproof.markdown import Comment

_WORD = "prove"
_OPENING = re.compile(r"(?P<word>[A-Za-z]+)\b\s*(?P<colon>:?)\s*(?P<rest>.*)$", re.DOTALL)
_CODE_SPAN = re.compile(r"(`+).*?\1")
_STRAY = re.compile(rf"<!--.*\b{_WORD}:|^{_WORD}:\s")
_PART = re.compile(r"(?P<key>[A-Za-z][\w-]*)(?:=(?P<value>\"[^\"]*\"|[^\s\"]+))?(?=\s|$)")
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m)$")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_ENGINE = re.compile(r">=(?P<version>\d+(?:\.\d+){0,2})$")
_KNOWN = ("exit", "timeout", "retry", "skip", "engine", "terminal", "running", "display")
_FLAGS = {"running", "display"}

DEFAULT_TIMEOUT = 60.0
"""Seconds that a step may take where the page doesn't say otherwise."""


@dataclass(frozen=True, slots=True)
class Directives:
    """What a page says about one block.

    Attributes:
        exit: The status expected of the last step.
        timeout: Seconds that each step may take.
        retry: Seconds within which the last step is repeated until it matches; 0: once.
        skip: Why the block isn't run, by language; the empty key holds for any other language.
        engine: The least engine version, or an empty tuple.
        terminal: Which of the page's terminals on the machine the block uses, from 1.
        running: The last step is still running when the block ends.
        display: The block is shown, not run.
        place: Where the comment stands, or None where there is none.
    """

    exit: int = 0
    timeout: float = DEFAULT_TIMEOUT
    retry: float = 0.0
    skip: dict[str, str] = field(default_factory=dict)
    engine: tuple[int, ...] = ()
    terminal: int = 1
    running: bool = False
    display: bool = False
    place: Place | None = None
    given: frozenset[str] = frozenset()

    def skip_reason(self, language: str | None) -> str | None:
        """Return why the block is skipped, in ``language`` where the page has it, or None."""
        if not self.skip:
            return None
        return self.skip.get(language or "", self.skip[""])


def is_directive(comment: Comment, place: Place, *, above_fence: bool) -> bool:
    """Tell whether ``comment`` is a directive.

    Args:
        comment: A one-line comment.
        place: Where it stands.
        above_fence: Whether a fence follows directly.

    Raises:
        PageError: It is a directive misspelt: the word nearly right, the colon left out, or a
            comment above a fence that names a directive's key.
    """
    match = _OPENING.match(comment.body)
    if match is None:
        return False
    word = match["word"].lower()
    if match["word"] == _WORD and match["colon"]:
        return True
    near = difflib.get_close_matches(word, [_WORD], cutoff=0.75)
    known = above_fence and any(
        re.search(rf"(?:^|\s){key}=", comment.body)
        or (word in _FLAGS | {"skip"} and comment.body.strip() == word)
        for key in (*_KNOWN, "skip-zh")
    )
    if (near and (match["colon"] or above_fence)) or known:
        raise PageError(
            place,
            f"`<!-- {comment.body} -->` is not a directive, though it looks like one",
            f"begin it with `{_WORD}:`, as in `<!-- {_WORD}: exit=1 -->`",
        )
    return False


def is_stray(line: str) -> bool:
    """Tell whether a line of prose holds a directive that isn't read: among words, or cut up."""
    if f"{_WORD}:" not in line:
        return False
    text = _CODE_SPAN.sub("", line).lstrip("> \t").rstrip()
    whole = text.startswith("<!--") and text.endswith("-->") and text.count("<!--") == 1
    return not whole and _STRAY.search(text) is not None


def parse(comment: Comment, place: Place) -> Directives:
    """Read a directive comment.

    Args:
        comment: The comment, its first word ``prove:``.
        place: Where it stands.

    Returns:
        The directives.

    Raises:
        PageError: A key is unknown, given twice, lacks its value, or contradicts another.
    """
    opening = _OPENING.match(comment.body)
    rest = opening["rest"] if opening else ""
    values: dict[str, str | None] = {}
    position = 0
    while position < len(rest):
        if rest[position].isspace():
            position += 1
            continue
        part = _PART.match(rest, position)
        if part is None:
            raise PageError(
                place,
                f"the directive is not understood at `{rest[position:]}`",
                'write `key`, `key=value` or `key="words"`, separated by spaces',
            )
        key = part["key"]
        if key in values:
            raise PageError(place, f"the directive says `{key}` twice", "keep one of them")
        values[key] = part["value"]
        position = part.end()
    if not values:
        raise PageError(
            place, "the directive is empty", "say what differs, as in `exit=1`, or remove it"
        )
    return _build(values, place)


def _build(values: dict[str, str | None], place: Place) -> Directives:
    before = ""
    for key, value in values.items():
        base = "skip" if key.startswith("skip-") else key
        if base not in _KNOWN:
            near = difflib.get_close_matches(key, _KNOWN, n=1)
            mend = f"did you mean `{near[0]}`?" if near else f"use one of {', '.join(_KNOWN)}"
            if value is None and before.startswith("skip"):
                mend = f'put the reason into quotes, as in `{before}="needs macOS"`'
            raise PageError(place, f"`{key}` is not a directive", mend)
        if base in _FLAGS and value is not None:
            raise PageError(place, f"`{key}` takes no value", f"write `{key}` alone")
        if base not in _FLAGS and value is None:
            raise PageError(place, f"`{key}` needs a value", f"write `{key}=…`")
        before = key
    texts = {key: (value or "").strip('"') for key, value in values.items()}
    skip = _skip(texts, place)
    result = Directives(
        exit=_integer(texts, "exit", 0, range(256), place),
        timeout=_duration(texts, "timeout", DEFAULT_TIMEOUT, place),
        retry=_duration(texts, "retry", 0.0, place),
        skip=skip,
        engine=_version(texts, place),
        terminal=_integer(texts, "terminal", 1, range(1, 10), place),
        running="running" in values,
        display="display" in values,
        place=place,
        given=frozenset(values),
    )
    if result.display and len(values) > 1:
        raise PageError(
            place,
            "`display` stands beside other directives, though nothing is run",
            "keep one or the other",
        )
    if result.running and "exit" in values:
        raise PageError(
            place,
            "`running` and `exit` contradict each other",
            "a step that is still running has no exit status: keep one",
        )
    if result.running and "retry" in values:
        raise PageError(
            place,
            "`running` and `retry` contradict each other",
            "a step that is still running can't be repeated: keep one",
        )
    return result


def _skip(texts: dict[str, str], place: Place) -> dict[str, str]:
    reasons = {
        key.removeprefix("skip").removeprefix("-"): text
        for key, text in texts.items()
        if key.startswith("skip")
    }
    for language, reason in reasons.items():
        if not reason.strip():
            raise PageError(place, "a skip has no reason", 'say why: `skip="needs macOS"`')
        if language and "" not in reasons:
            raise PageError(
                place,
                f"`skip-{language}` stands without `skip`",
                'add the reason for the other languages: `skip="…"`',
            )
    return reasons


def _integer(texts: dict[str, str], key: str, default: int, allowed: range, place: Place) -> int:
    text = texts.get(key)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) not in allowed:
        raise PageError(
            place,
            f"`{key}={text}` is not a number from {allowed[0]} to {allowed[-1]}",
            f"write `{key}={allowed[1]}`, say",
        )
    return int(text)


def _duration(texts: dict[str, str], key: str, default: float, place: Place) -> float:
    text = texts.get(key)
    if text is None:
        return default
    match = _DURATION.match(text)
    if match is None or float(match["number"]) == 0:
        raise PageError(place, f"`{key}={text}` is not a duration", f"write `{key}=120s`, say")
    return float(match["number"]) * _UNITS[match["unit"]]


def _version(texts: dict[str, str], place: Place) -> tuple[int, ...]:
    text = texts.get("engine")
    if text is None:
        return ()
    match = _ENGINE.match(text)
    if match is None:
        raise PageError(
            place, f"`engine={text}` is not a least version", "write `engine=>=27`, say"
        )
    return tuple(int(part) for part in match["version"].split("."))
