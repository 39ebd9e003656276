"""Sessions as the reader sees them: which part of a ``console`` block is prompt, command, output.

Pygments' own ``console`` lexer knows neither ``node2$`` nor the prompts of programs started in a
session (``/ #``, ``>>>``), takes ``…`` for anything, and so leaves prompts and output in what the
copy button copies. This one follows the session grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pygments.lexer import Lexer
from pygments.lexers.python import PythonLexer
from pygments.lexers.shell import BashLexer
from pygments.token import Generic, Text, Whitespace

from dockproof.session import (
    GAP,
    asked_for,
    continues,
    heredoc_size,
    heredocs_of,
    incomplete,
    prompt_of,
    strip_comment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygments.token import _TokenType

__all__ = ["SessionLexer"]  # Pygments loads what stands here; the functions are imported by name

_NODE = re.compile(r"(?:node\d+)?\$(?: |$)")
_SURE = re.compile(
    r"(?:\([\w.-]+\) ?)?(?:"
    r"[\w.-]+@[\w.…-]+:[^\s#$]*[#$]"  # root@1f0c…:/#
    r"|\[[\w.-]+@[^\]]+\][#$]"  # [root@1f0c /]#
    r"|(?:~|/[^\s#$]*) [#$]"  # / #
    r"|(?:bash|sh|ash|dash|zsh)-[\d.…]+[#$]"
    r"|>>>|\.\.\."
    r")(?: |$)",
)
_INTERACTIVE = re.compile(
    r"(?:^|\s)(?:-(?:[a-z]*i[a-z]*t|[a-z]*t[a-z]*i)[a-z]*|--interactive"
    r"|(?:sudo -[is]|su|sh|bash|ssh|python3?|telnet|nsenter|unshare)(?:\s|$))",
)
# These, too, as far as a form goes that only a prompt has.
_ASKS = re.compile(
    r"(?:^|\s)(?:start -[a-z]*[ai]|docker\b.*\s-i|\S*/(?:a|ba|da|z)?sh|[adz]sh|attach|bc|chroot"
    r"|gdb|irb|login|lua|make lab|mariadb|mysql|node|psql|redis-cli|screen|script"
    r"|sqlite3|tmux)(?:\s|$)"
)
_KEY = re.compile(r"(?:\^[A-Z\\\]])+$")
_PYTHON = (">>>", "...")


@dataclass(frozen=True, slots=True)
class Part:
    """A line of a session, cut in two.

    Attributes:
        kind: ``command`` for a line typed, its continuations included; ``key`` for ``^C`` and the
            like; ``output`` for what a program printed.
        prompt: The prompt with the space behind it; empty on continuations, keys and output.
        text: The rest of the line, without its line end.
    """

    kind: Literal["command", "key", "output"]
    prompt: str
    text: str


def parts(session: str) -> Iterator[Part]:
    """Cut a session's text into lines that say what they are.

    Only a run can tell a prompt from output that looks like one, so a form that output has as well
    (``# ``, ``mysql> ``) counts where the command above has started something to type into.
    """
    goes_on = False  # the line before ends in a backslash
    asked = False  # the shell asks for the rest of a command, by its `> ` if that is shown
    documents: list[int] = []  # of each line of the here-documents to come, how long its prompt is
    command = ""
    shell = ""  # what was typed since the last prompt, without here-documents
    opened = 0
    lines = session.split("\n")
    for number, line in enumerate(lines, 1):
        if documents:
            start = documents.pop(0)
            yield Part("command", line[:start], line[start:])
            if not documents:
                bare = not start
                following = lines[number : number + 1]
                asked = asked_for(following, shell) or (bare and incomplete(shell))
            continue
        if asked or goes_on:
            start = 2 if line.startswith("> ") or (asked and line == ">") else 0
        else:
            start = _prompt(line, command)
        if not (goes_on or asked or start):
            yield Part("key" if _KEY.match(line) else "output", "", line)
            continue
        if not goes_on and _NODE.match(line):
            command = ""
        typed = line[start:]
        command += f"{typed}\n"
        shell, opened = (f"{shell}\n{typed}", opened) if goes_on or asked else (typed, 0)
        goes_on = continues(typed)
        asked = False
        if not goes_on:
            for heredoc in heredocs_of(shell)[opened:]:
                rest = lines[number + len(documents) :]
                size, prompted = heredoc_size(rest, heredoc) or (len(rest), False)
                documents += [2 if prompted else 0] * size
                opened += 1
            asked = not documents and asked_for(lines[number : number + 1], shell)
        yield Part("command", line[:start], typed)


def starts_something(command: str) -> bool:
    """Tell whether a command may start a program that one types into."""
    return (_INTERACTIVE.search(command) or _ASKS.search(command)) is not None


def _prompt(line: str, command: str) -> int:
    """Return the length of the prompt that ``line`` begins with, ``command`` running; 0: none."""
    sure = _NODE.match(line) or _SURE.match(line)
    if sure:
        return sure.end()
    perhaps = prompt_of(line) if _INTERACTIVE.search(command) else None
    return len(perhaps.prompt) if perhaps and perhaps.strong else 0


def commands(session: str) -> str:
    """Return what a reader types, and nothing else, to do what the session does.

    Args:
        session: The text of a ``console`` block.

    Returns:
        The commands, a line each, continued lines kept as they are; without prompts, output, keys
        and the comments that stand behind commands (interactive zsh would take those for
        arguments). Empty where the session has no command.
    """
    typed = [part for part in parts(session) if part.kind == "command"]
    lines = [
        part.text if part.prompt.startswith(_PYTHON) else strip_comment(part.text) for part in typed
    ]
    return "\n".join(lines).rstrip()


class SessionLexer(Lexer):
    """The session grammar for Pygments: prompts and keys ``gp``, output ``go``, ``…`` in it ``ge``.

    Made by Pygments when MkDocs highlights a fence whose language is mapped to it; see the site's
    hooks. A command is highlighted as shell, or as Python behind a Python prompt.
    """

    name = "Docker session"
    aliases = ("console",)
    filenames = ()
    mimetypes = ()
    url = "https://www.gnu.org/software/bash/manual/bash.html#Controlling-the-Prompt"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Yield (position, token type, value) for each token of ``text``, in order."""
        position = 0
        last = text.count("\n")
        for number, part in enumerate(parts(text)):
            for token, value in self._line(part):
                yield position, token, value
                position += len(value)
            if number < last:
                yield position, Whitespace, "\n"
                position += 1

    @staticmethod
    def _line(part: Part) -> Iterator[tuple[_TokenType, str]]:
        if part.kind == "output":
            for run in re.split(f"({GAP})", part.text):
                if run:
                    yield Generic.Emph if run == GAP else Generic.Output, run
            return
        if part.kind == "key":
            yield Generic.Prompt, part.text
            return
        if part.prompt:
            yield Generic.Prompt, part.prompt
        inner = PythonLexer() if part.prompt.startswith(_PYTHON) else BashLexer()
        rest = len(part.text)
        for _, token, value in inner.get_tokens_unprocessed(part.text + "\n"):
            shown = value[:rest]
            rest -= len(shown)
            if shown:
                yield (token if token is not Whitespace else Text), shown
