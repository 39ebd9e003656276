"""Third stage: a ``console`` fence cut into steps.

A step is a command and the lines that follow it up to the next one. Some of those lines may be
typed into the program that the step started: keys (``^C``), and lines that begin with a prompt.
Whether a line that looks like a prompt is one, only the run can tell (see
:mod:`dockproof.interaction`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockproof.errors import PageError
from dockproof.markdown import MOST_NODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockproof.errors import Place
    from dockproof.markdown import Fence, Line, Page

KEYS = {"^C": b"\x03", "^D": b"\x04", "^]": b"\x1d", "^P^Q": b"\x10\x11"}
GAP = "…"

_COMMAND = re.compile(r"(?:(?P<node>node\d+))?\$(?: (?P<command>.*)|)$")
_HEREDOC = re.compile(
    r"(?<!<)<<(?!<)(?P<dash>-?)[ \t]*(?:(?P<quote>['\"])|\\?)"
    r"(?P<word>(?(quote)[^'\"\n]+|[A-Za-z_][\w.-]*))(?(quote)(?P=quote))"
)
# What holds no operator of the shell's: quoted words, but for a here-document's own, and sums.
_OPAQUE = re.compile(
    r"(?<!<<)(?<!<<-)(?<!<< )(?:'[^']*'|\"(?:\\.|[^\"\\])*\")|\(\(.*?\)\)", re.DOTALL
)
_AT_HOST = r"[\w.-]+@[\w.…-]+:[^\s#$]*[#$]"  # root@1f0c…:/#
_STRONG = re.compile(
    r"(?:\([\w.-]+\) ?)?(?:"
    rf"{_AT_HOST}"
    r"|\[[^\]\n]*\][#$]"  # [root@host dir]#
    r"|(?:~|/[^\s#$]*) [#$]"  # / #
    r"|(?:bash|sh|ash|dash|zsh)-[\d.…]+[#$]"
    r"|[\w.:@\[\]()-]*[=>]?[#>]"  # >>> and mysql> and postgres=# and #
    r"|>>>|\.\.\.|In \[\d+\]:|\([A-Za-z][\w.-]*\)"  # (Pdb) and (gdb)
    r") ",
)
# Behind output without a newline at its end, only what output seldom has.
_BEHIND = re.compile(rf"\S.*?(?:{_AT_HOST}|(?:~|/[^\s#$]*) #|>>>) (?=\S)")
# A shell's words, as far as it takes to see whether a loop is closed.
_TOKEN = re.compile(r"&&|\|\||;;|[;&|()\n]|[^\s;&|()]+")
_SEPARATORS = {"&&", "||", ";;", ";", "&", "|", "(", ")", "\n"}
_BEFORE_COMMANDS = {"do", "elif", "else", "if", "then", "until", "while", "{", "!"}
# Username: and `continue? [y/N]`
_WEAK = re.compile(r"(?=\S)[^:?\n]{1,100}[:?](?: ?\[[^\]\n]{1,20}\]:?)? (?=\S)")


@dataclass(frozen=True, slots=True)
class Step:
    """One command, or what goes on in a program that an earlier block left running.

    Attributes:
        node: The machine.
        command: The command without its comment; None where the block goes on in a running program.
        number: The command's line on the page.
        end: The last line of the step on the page.
        shown: The command as the page shows it, its comment and continuation lines included.
        expected: What follows up to the next command.
    """

    node: str
    command: str | None
    number: int
    end: int
    shown: str
    expected: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A line that may be typed at a prompt.

    Attributes:
        prompt: The prompt, with the space behind it.
        typed: What the reader types, without a comment.
        strong: Whether the prompt has the form of a shell's or an interpreter's.
    """

    prompt: str
    typed: str
    strong: bool


def prompt_of(text: str) -> Prompt | None:
    """Return ``text`` as a line typed at a prompt, or None where it can't be one."""
    match = _STRONG.match(text) or _STRONG.fullmatch(f"{text} ")  # Enter alone, as in `...`
    if match:
        return Prompt(match[0], strip_comment(text[match.end() :]), strong=True)
    match = _WEAK.match(text)
    if match:
        return Prompt(match[0], text[match.end() :], strong=False)
    match = _BEHIND.match(text)
    if match:
        return Prompt(match[0], strip_comment(text[match.end() :]), strong=False)
    return None


def is_command(text: str) -> bool:
    """Tell whether a line of a session is a step's command."""
    return _COMMAND.match(text) is not None


def is_key(text: str) -> bool:
    """Tell whether a line is a key that the reader presses."""
    return text.strip() in KEYS


def is_prompt(text: str) -> bool:
    """Tell whether ``text`` is a shell's or an interpreter's prompt and nothing more."""
    match = _STRONG.match(f"{text.rstrip()} ")
    return bool(text.strip()) and match is not None and match.end() >= len(text.rstrip())


def strip_comment(command: str) -> str:
    """Return ``command`` without the `` # words`` that are for the reader.

    As in a shell, a ``#`` begins a comment only at a word's start and outside quotes.
    """
    return _read(command, ())[0] if "#" in command else command.rstrip()


def _read(line: str, inside: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Read a line as a shell does, as far as quotes and comments go.

    Args:
        line: The line.
        inside: What earlier lines of the command have left open, the innermost last: a quote's
            character, ``$'``, or ``)`` for what a bracket has begun.

    Returns:
        The line without a comment, and what it leaves open.
    """
    stack = list(inside)
    position = 0
    word = -1  # where the word at hand goes on though a space stands there
    while position < len(line):
        top = stack[-1] if stack else ")"
        here, two = line[position], line[position : position + 2]
        position += 1
        if here == "\\" and top != "'":
            position += 1
            word = position
        elif top in {"'", "$'"}:
            if here == "'":
                stack.pop()
        elif here == top:
            if stack:
                stack.pop()
        elif two == "$(" or (two == "$'" and top != '"'):
            stack.append(")" if two == "$(" else two)
            position += 1
        elif here == "`" or (here == '"' and top != '"') or (here in "'(" and top != '"'):
            stack.append(")" if here == "(" else here)
        elif (
            here == "#"
            and top == ")"
            and (position == 1 or line[position - 2].isspace())
            and position - 1 != word
            and line[position : position + 1] in {" ", ""}
        ):
            return line[: position - 1].rstrip(), tuple(stack)
    return line if stack else line.rstrip(), tuple(stack)


def _open(command: str) -> tuple[str, ...]:
    """Return the quotes and brackets that a command leaves open, the innermost last."""
    inside: tuple[str, ...] = ()
    for line in command.split("\n"):
        _, inside = _read(line, inside)
    return inside


def incomplete(command: str) -> bool:
    """Tell whether a shell would ask for more: a quote, a bracket or a loop is open."""
    if _open(command):
        return True
    words: Counter[str] = Counter()
    begins = True  # where a command may begin, and a word may be one of the shell's own
    for token in _TOKEN.findall(_OPAQUE.sub("_", command)):
        if begins and token not in _SEPARATORS:
            words[token] += 1
        begins = token in _SEPARATORS or (begins and token in _BEFORE_COMMANDS)
    loops = words["for"] + words["while"] + words["until"] + words["select"]
    return (
        loops > words["done"]
        or any(words[a] > words[b] for a, b in (("if", "fi"), ("case", "esac"), ("{", "}")))
        or command.rstrip().endswith(("|", "&&"))
    )


def steps(fence: Fence, page: Page, *, resumes: str | None) -> tuple[Step, ...]:
    """Cut a ``console`` fence into steps.

    Args:
        fence: The fence.
        page: Its page, for places and the number of nodes.
        resumes: The node on which an earlier block left a program running in this block's terminal,
            so that the block may begin with a key or at that program's prompt; None: on none.

    Returns:
        The steps, at least one.

    Raises:
        PageError: There is no step, output stands before the first one, a command is empty or never
            ends, or a prompt names a node that the page hasn't asked for.
    """
    result: list[Step] = []
    body = fence.body
    for line in body:
        prompt = prompt_of(line.text)
        if prompt is not None and prompt.typed in KEYS:
            raise PageError(
                page.place(line.number),
                f"{prompt.typed} stands behind a prompt",
                f"put {prompt.typed} on a line of its own, below the prompt's",
            )
    first = next((n for n, line in enumerate(body) if line.text.strip()), len(body))
    position = _next_command(body, first)
    nodes: set[str] = {f"node{n}" for n in range(1, page.nodes + 1)}
    if position > first:
        if resumes is None:
            raise PageError(
                page.place(body[first].number),
                "the session begins with output"
                if position < len(body)
                else "the session has no step",
                "begin it with a command (`$ …`), or call the fence `text`",
            )
        result.append(
            Step(
                resumes, None, body[0].number, body[position - 1].number, "", tuple(body[:position])
            )
        )
    while position < len(body):
        start = position
        match = _COMMAND.match(body[position].text)
        assert match is not None  # noqa: S101 - _next_command stops at commands only
        node = match["node"] or "node1"
        place = page.place(body[position].number)
        if node not in nodes:
            number = int(node.removeprefix("node"))
            raise PageError(
                place,
                f"the page has not asked for {node}",
                f"write `lab: {{nodes: {number}}}` into its front matter"
                if 1 <= number <= MOST_NODES
                else f"a page's nodes are node1 to node{MOST_NODES}: write one of them",
            )
        command, position = _command(body, position, match["command"] or "", page)
        if not command:
            raise PageError(place, "the prompt has no command", "write the command behind `$ `")
        end = _next_command(body, position)
        result.append(
            Step(
                node,
                command,
                body[start].number,
                body[max(end - 1, start)].number,
                "\n".join(line.text for line in body[start:position]),
                tuple(body[position:end]),
            )
        )
        position = end
    if not result:
        raise PageError(
            page.place(fence.number),
            "the session has no step",
            "begin it with a command (`$ …`), or call the fence `text`",
        )
    return tuple(result)


def _next_command(body: Sequence[Line], position: int) -> int:
    while position < len(body) and not _COMMAND.match(body[position].text):
        position += 1
    return position


def _command(body: Sequence[Line], position: int, text: str, page: Page) -> tuple[str, int]:
    """Join a command's lines, its here-documents too; return it and the position behind it."""
    place = page.place(body[position].number)
    line, inside = _read(text, ())
    typed = [line]
    shell = line  # what of it the shell reads as commands
    documents = 0
    bare = False  # here-documents stand without the shell's `> `, and so does what comes after
    position += 1
    while True:
        if continues(text):
            if position == len(body):
                raise PageError(
                    place,
                    "the command ends in `\\` and nothing follows",
                    "add the line that it goes on with, or remove the `\\`",
                )
            # As a terminal shows it; a redirection at a line's start is indented.
            text = body[position].text.removeprefix("> ")
        else:
            for heredoc in heredocs_of(shell)[documents:]:
                lines, bare = _heredoc(body, position, heredoc, place)
                typed += lines
                position += len(lines)
                documents += 1
            following = [line.text for line in body[position : position + 1]]
            if asked_for(following, shell):
                text = following[0][2:]
            elif bare and following and incomplete(shell):
                text = following[0]
            else:
                return "\n".join(typed), position
        line, inside = _read(text, inside)
        typed.append(line)
        shell += f"\n{line}"
        position += 1


def heredocs_of(command: str) -> list[re.Match[str]]:
    """Return a match for each here-document that a command opens, with its ``dash`` and ``word``.

    Args:
        command: The command, or as much of it as there is, without the documents' lines.
    """
    if "<<" not in command or _open(command)[-1:] in {("'",), ('"',)}:
        return []  # in a quote that isn't closed yet
    text = _OPAQUE.sub(lambda match: " " * len(match[0]), command)
    return list(_HEREDOC.finditer(text))


def asked_for(following: Sequence[str], command: str) -> bool:
    """Tell whether the next line stands behind the ``> `` by which a shell asks for the rest.

    Args:
        following: What follows the command and the here-documents so far, if anything does.
        command: The command so far, without the here-documents' lines.
    """
    return (
        bool(following)
        and (following[0].startswith("> ") or following[0] == ">")
        and incomplete(command)
    )


def continues(text: str) -> bool:
    """Tell whether a line ends in a backslash that isn't escaped itself, and so goes on."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def heredoc_size(texts: Sequence[str], heredoc: re.Match[str]) -> tuple[int, bool] | None:
    """Find the end of a here-document.

    The shell's ``> `` stands before each of its lines or before none: it may be the file's own.

    Args:
        texts: The lines behind its command.
        heredoc: What :func:`heredocs_of` found in the command.

    Returns:
        How many lines it has, the closing word included, and whether ``> `` stands before them;
        None if it is never closed.
    """
    prompted = True
    for size, text in enumerate(texts, 1):
        prompted = prompted and (text.startswith("> ") or text == ">")
        line = text.removeprefix("> ") if prompted else text
        if (line.lstrip("\t") if heredoc["dash"] else line) == heredoc["word"]:
            return size, prompted
    return None


def _heredoc(
    body: Sequence[Line], position: int, heredoc: re.Match[str], place: Place
) -> tuple[list[str], bool]:
    """Return the lines of a here-document, and whether they stand without the shell's ``> ``."""
    texts = [line.text for line in body[position:]]
    found = heredoc_size(texts, heredoc)
    if found:
        size, prompted = found
        return [text[2:] if prompted else text for text in texts[:size]], not prompted
    raise PageError(
        place,
        f"the here-document is never closed by {heredoc['word']}",
        f"write {heredoc['word']} on a line of its own",
    )
