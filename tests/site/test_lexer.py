"""The lexer that marks what is prompt, command and output in a session."""

from __future__ import annotations

import pytest
from pygments.token import Generic, _TokenType

from dockproof.lexer import SessionLexer, commands

SESSION = """\
$ docker run -it --rm busybox sh  # a shell
/ # echo "$HOME" \\
  | wc -c
2
/ # exit
node2$ ping node1
…
64 bytes from …: seq=1
^C
"""


def marked(session: str, kind: _TokenType) -> list[str]:
    """Return the runs that the lexer marks as ``kind``."""
    return [value for token, value in SessionLexer().get_tokens(session) if token is kind]


def test_nothing_is_lost() -> None:
    """The tokens put together are the session."""
    assert "".join(value for _, value in SessionLexer().get_tokens(SESSION)) == SESSION


def test_prompts_and_keys_are_marked() -> None:
    """Prompts of nodes and of programs, and keys, are marked, so that a selection skips them."""
    assert marked(SESSION, Generic.Prompt) == ["$ ", "/ # ", "/ # ", "node2$ ", "^C"]


def test_output_is_marked() -> None:
    """Output is marked, its gaps apart."""
    assert marked(SESSION, Generic.Output) == ["2", "64 bytes from ", ": seq=1"]
    assert marked(SESSION, Generic.Emph) == ["…", "…"]


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ("", ""),
        ("only output\n", ""),
        ("$ a\\\n", "a\\"),
        ("$ echo $#  # how many\n", "echo $#"),
        ("$ a \\\\\nout\n$ b", "a \\\\\nb"),
        ("$ cat <<-'X'\n\ta\n\tX\n$ b\n", "cat <<-'X'\n\ta\n\tX\nb"),
        (
            "$ docker run -ti mysql mysql\nmysql> select 1;\n1\n",
            "docker run -ti mysql mysql\nselect 1;",
        ),
        ("$ docker run m mysql\nmysql> select 1;\n1\n", "docker run m mysql"),
    ],
)
def test_commands_at_the_edges(session: str, expected: str) -> None:
    """Odd ends, escaped backslashes, here-documents and look-alike prompts give what is typed."""
    assert commands(session) == expected
