"""The session grammar: what is a step, what is typed, what is output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockproof import markdown, session
from dockproof.errors import PageError

if TYPE_CHECKING:
    from dockproof.session import Step


def _steps(
    *lines: str, nodes: int = 1, resumes: str | None = None, above: str = ""
) -> tuple[Step, ...]:
    front = f"---\nlab: {{nodes: {nodes}}}\n---\n" if nodes > 1 else ""
    body = "\n".join(lines)
    page = markdown.parse(f"{front}{above}```console\n{body}\n```\n", Path("page.md"))
    return session.steps(page.fences[0], page, resumes=resumes)


def _expected(step: Step) -> list[str]:
    return [line.text for line in step.expected]


def test_a_step_is_a_command_and_the_lines_up_to_the_next() -> None:
    """Commands and outputs come in order, with the page's line numbers."""
    first, second = _steps("$ echo a", "a", "", "b", "$ true")
    assert (first.node, first.command, first.number, first.end) == ("node1", "echo a", 2, 5)
    assert _expected(first) == ["a", "", "b"]
    assert [line.number for line in first.expected] == [3, 4, 5]
    assert (second.command, second.expected, second.number, second.end) == ("true", (), 6, 6)


def test_a_step_on_another_node() -> None:
    """`node2$` is a step on node2, where the page asks for one."""
    steps = _steps("$ hostname", "node1", "node2$ hostname", "node2", "node1$ true", nodes=2)
    assert [(s.node, s.command) for s in steps] == [
        ("node1", "hostname"),
        ("node2", "hostname"),
        ("node1", "true"),
    ]


@pytest.mark.parametrize(
    ("prompt", "mend"),
    [
        ("node2$", r"write `lab: \{nodes: 2\}`"),
        ("node9$", r"write `lab: \{nodes: 9\}`"),
        ("node0$", "a page's nodes are node1 to node9"),
        ("node10$", "a page's nodes are node1 to node9"),
    ],
)
def test_a_node_that_the_page_has_not_asked_for(prompt: str, mend: str) -> None:
    """The message names the line and what to write."""
    text = rf"page.md:3: the page has not asked for {prompt[:-1]}: {mend}"
    with pytest.raises(PageError, match=text):
        _steps("$ true", f"{prompt} true")


def test_continuation_lines() -> None:
    """A line that ends in a backslash goes on in the next, with its indentation, as in a shell."""
    (step,) = _steps("$ docker run \\", "    --rm \\", "    busybox", "out")
    assert step.command == "docker run \\\n    --rm \\\n    busybox"
    assert step.shown == "docker run \\\n    --rm \\\n    busybox" or step.shown.startswith("$ ")
    assert _expected(step) == ["out"]
    assert step.end == 5


def test_two_backslashes_are_one_character_not_a_continuation() -> None:
    """An escaped backslash at the end doesn't go on."""
    first, second = _steps("$ echo a\\\\", "a\\", "$ true")
    assert _expected(first) == ["a\\"]
    assert second.command == "true"


def test_a_continuation_with_nothing_behind_it_is_an_error() -> None:
    """The mend is said."""
    with pytest.raises(PageError, match=r"page.md:2: the command ends in `\\` and nothing follows"):
        _steps("$ echo a \\")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("$ docker ps  # what runs", "docker ps"),
        ("$ docker ps # 在运行的容器", "docker ps"),
        ("$ docker ps #", "docker ps"),
        ("$ echo '# no' # yes", "echo '# no'"),
        ('$ echo "a # b"', 'echo "a # b"'),
        ('$ echo "it\'s # b" # c', 'echo "it\'s # b"'),
        ('$ echo "a \\" # b" # c', 'echo "a \\" # b"'),
        ("$ echo a\\ # b", "echo a\\ # b"),
        ("$ echo a#b", "echo a#b"),
        ('$ echo "$(echo "x # y")" # z', 'echo "$(echo "x # y")"'),
        ("$ echo $'it\\'s # x' # z", "echo $'it\\'s # x'"),
        ("$ (cd a && ls) # z", "(cd a && ls)"),
        ("$ echo ${#a}", "echo ${#a}"),
        ("$ curl http://localhost/#top", "curl http://localhost/#top"),
        ("$ echo `date # x` # y", "echo `date # x`"),
        ("$ sed 's/#.*//' file", "sed 's/#.*//' file"),
        ("$   true  ", "true"),
    ],
)
def test_comments_are_for_the_reader(line: str, command: str) -> None:
    """` # words` is left out at a word's start and outside quotes, and only there."""
    (step,) = _steps(line)
    assert step.command is not None
    assert step.command.strip() == command


@pytest.mark.parametrize("line", ["$ true #1", "$ true #words", "$ echo a #!"])
def test_a_hash_without_a_space_stays_in_the_command(line: str) -> None:
    """The form is `# words`; what has no space is the shell's business."""
    (step,) = _steps(line)
    assert step.command == line[2:]


def test_comments_on_continuation_lines() -> None:
    """A comment on the last continuation line is left out."""
    (step,) = _steps("$ echo a \\", "    b # the second")
    assert step.command == "echo a \\\n    b"


def test_a_quote_over_several_lines_hides_a_hash() -> None:
    """What a line leaves open goes on in the next."""
    (step,) = _steps('$ echo "a \\', 'b # c" # d', "a b # c")
    assert step.command == 'echo "a \\\nb # c"'


@pytest.mark.parametrize(
    "lines",
    [
        ["for i in 1 2; do", "  echo $i # each", "done"],
        ["while read x", "do echo $x; done <names"],
        ["if true; then", "echo a; fi"],
        ["case $x in", "a) echo b;;", "esac"],
        ["greet() {", "  echo hello", "}"],
        ["echo 'one", "", "two'"],
        ["docker ps -a |", "grep web"],
        ["(cd /tmp", "ls)"],
    ],
)
def test_commands_that_the_shell_asks_the_rest_of(lines: list[str]) -> None:
    """`> ` before a line is the shell's where the command so far is incomplete."""
    (step,) = _steps(f"$ {lines[0]}", *(f"> {line}".rstrip() for line in lines[1:]), "out")
    assert step.command == "\n".join(line.removesuffix(" # each") for line in lines)
    assert _expected(step) == ["out"]


def test_output_behind_a_complete_command_stays_output() -> None:
    """As diff prints it."""
    (step,) = _steps("$ diff one two", "1c1", "< a", "---", "> b")
    assert step.command == "diff one two"
    assert len(_expected(step)) == 4
    (step,) = _steps("$ tail -n 1 do", "> done")
    assert _expected(step) == ["> done"]


def test_here_documents() -> None:
    """A here-document's lines belong to the command, `$` and `#` in them too."""
    first, second = _steps(
        "$ cat >a <<'EOF'", "$ not a step", "# words # stay", "", "EOF", "$ cat a", "x"
    )
    assert first.command == "cat >a <<'EOF'\n$ not a step\n# words # stay\n\nEOF"
    assert first.expected == ()
    assert (second.command, _expected(second)) == ("cat a", ["x"])


def test_here_documents_with_the_shells_second_prompt() -> None:
    """`> ` before each line, as a shell shows it, isn't part of the document."""
    (step,) = _steps("$ cat <<EOF", "> a", ">", ">  b", "> EOF", "a", "", " b")
    assert step.command == "cat <<EOF\na\n\n b\nEOF"
    first, second = _steps(
        "$ cat >q <<EOF", "> the file's own", "EOF", "$ cat q", "> the file's own"
    )
    assert first.command == "cat >q <<EOF\n> the file's own\nEOF"
    assert _expected(second) == ["> the file's own"]
    assert _expected(step) == ["a", "", " b"]


def test_here_documents_with_tabs() -> None:
    """`<<-` takes tabs away before the closing word."""
    (step,) = _steps("$ cat <<-END", "\ta", "\tEND", "a")
    assert step.command == "cat <<-END\n\ta\n\tEND"


def test_an_unclosed_here_document_is_an_error() -> None:
    """Rather than a shell that waits."""
    with pytest.raises(PageError, match=r"page.md:2: the here-document is never closed by EOF"):
        _steps("$ cat <<EOF", "a", "$ true")


@pytest.mark.parametrize(
    ("line", "prompt", "typed"),
    [
        ("root@1f0c2f3a4b5c:/# ls", "root@1f0c2f3a4b5c:/# ", "ls"),
        ("root@1f0c…:/# ls", "root@1f0c…:/# ", "ls"),
        ("root@web:/app# pwd # where", "root@web:/app# ", "pwd"),
        ("you@node1:~$ ls", "you@node1:~$ ", "ls"),
        ("[root@web app]# ls", "[root@web app]# ", "ls"),
        ("/ # ls", "/ # ", "ls"),
        ("/app # ls", "/app # ", "ls"),
        ("~ # ls", "~ # ", "ls"),
        ("/ $ id", "/ $ ", "id"),
        ("# id", "# ", "id"),
        (">>> print(1)", ">>> ", "print(1)"),
        ("...     x", "... ", "    x"),
        ("> more", "> ", "more"),
        ("In [1]: x", "In [1]: ", "x"),
        ("bash-5.2# ls", "bash-5.2# ", "ls"),
        ("bash-5.2$ ls", "bash-5.2$ ", "ls"),
        ("sh-5.2# ls", "sh-5.2# ", "ls"),
        ("mysql> select 1;", "mysql> ", "select 1;"),
        ("postgres=# \\q", "postgres=# ", "\\q"),
        ("postgres=> select 1;", "postgres=> ", "select 1;"),
        ("127.0.0.1:6379> ping", "127.0.0.1:6379> ", "ping"),
        ("(Pdb) n", "(Pdb) ", "n"),
        ("(buildx) exit", "(buildx) ", "exit"),
        ("(venv) root@web:/# ls", "(venv) root@web:/# ", "ls"),
        ("root@web:/#", "root@web:/# ", ""),
        ("...", "... ", ""),
        ("... ", "... ", ""),
    ],
)
def test_prompts_of_programs(line: str, prompt: str, typed: str) -> None:
    """The prompts of shells and interpreters have a form, and what is typed follows them."""
    found = session.prompt_of(line)
    assert found is not None
    assert (found.prompt, found.typed, found.strong) == (prompt, typed, True)


@pytest.mark.parametrize("line", ["Username: you", "Continue? [y/N] y", "Password: x"])
def test_other_words_may_be_a_prompt_too(line: str) -> None:
    """A question's words are a weaker hint: only the run can tell."""
    found = session.prompt_of(line)
    assert found is None or not found.strong


@pytest.mark.parametrize("line", ["plain words", "", "hello", "#!/bin/sh", "a b c"])
def test_most_output_is_no_prompt(line: str) -> None:
    """Ordinary lines are output."""
    assert session.prompt_of(line) is None


def test_a_session_that_begins_with_output_is_an_error() -> None:
    """At the line of the output."""
    with pytest.raises(PageError, match=r"page.md:2: the session begins with output: begin it"):
        _steps("total 0", "$ ls")


@pytest.mark.parametrize("lines", [("",), ("total 0",), ("# docker ps",), ("% ls",), ("$echo",)])
def test_a_session_without_a_step_is_an_error(lines: tuple[str, ...]) -> None:
    """Nothing passes vacuously."""
    with pytest.raises(PageError, match="the session has no step: begin it with a command"):
        _steps(*lines)


def test_a_prompt_without_a_command_is_an_error() -> None:
    """An empty prompt shows nothing that a reader could do."""
    with pytest.raises(PageError, match=r"page.md:2: the prompt has no command"):
        _steps("$", "$ ls")
    with pytest.raises(PageError, match=r"page.md:2: the prompt has no command"):
        _steps("$ # words alone")


def test_a_block_that_goes_on_in_a_running_program() -> None:
    """Where an earlier block left a program running, a block may begin with its keys."""
    first, second = _steps("^C", "stopped", "$ true", resumes="node2", nodes=2)
    assert (first.node, first.command, _expected(first)) == ("node2", None, ["^C", "stopped"])
    assert second.command == "true"


def test_indented_sessions_keep_their_line_numbers() -> None:
    """A session in a list is cut as any other."""
    page = markdown.parse("1. x\n\n    ```console\n    $ echo a\n    a\n    ```\n", Path("page.md"))
    (step,) = session.steps(page.fences[0], page, resumes=None)
    assert (step.command, step.number, [x.number for x in step.expected]) == ("echo a", 4, [5])


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("cat <<EOF", "EOF"),
        ("cat <<-'EOF' >file", "EOF"),
        ('sudo tee x <<"END"', "END"),
        ("cat <<\\EOF", "EOF"),
        ("cat <<-\\EOF | wc", "EOF"),
        ("cat <<E.1", "E.1"),
        ('cat <<"the end" >x', "the end"),
        ("cat <<< EOF", None),
        ("cat <<<EOF", None),
        ("echo $((1<<2))", None),
        ("echo $((a << b))", None),
        ("echo 'a <<EOF'", None),
        ('echo "a <<EOF"', None),
        ("echo 'a' <<EOF", "EOF"),
    ],
)
def test_only_a_heredoc_opens_a_heredoc(command: str, word: str | None) -> None:
    """Here-strings, shifts and quoted text aren't here-documents."""
    found = next(iter(session.heredocs_of(command)), None)
    assert (found["word"] if found else None) == word
