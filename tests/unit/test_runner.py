"""Pages run on this machine: a real shell on a real terminal, no lab."""

from __future__ import annotations

import re
import shlex
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockproof import blocks, markdown, report
from dockproof.machines import LocalMachine
from dockproof.results import BlockResult, Status, StepResult
from dockproof.runner import PageRunner
from dockproof.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ran:
    """A page that was run: its results and what would be reported."""

    def __init__(self, text: str, folder: Path) -> None:
        """Run it."""
        self.page = blocks.build(markdown.parse(text, Path("page.md")))
        self.machine = LocalMachine(folder)
        self.runner = PageRunner(self.page, lambda: self.machine)
        if self.page.blocks:
            self.runner.run_to(len(self.page.blocks) - 1)

    @property
    def results(self) -> list[BlockResult]:
        """The blocks' results."""
        return self.runner.results

    @property
    def steps(self) -> list[StepResult]:
        """All steps' results."""
        return [step for result in self.results for step in result.steps]

    @property
    def statuses(self) -> list[Status]:
        """All steps' statuses."""
        return [step.status for step in self.steps]

    def text(self, index: int = 0) -> str:
        """Return the text of a block's failure."""
        return report.failure(self.results[index], self.page, self.page.blocks[index])


class _Page:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[Ran] = []

    def __call__(self, *fences: str) -> Ran:
        """Run a page of sessions; a fence may begin with its directive."""
        text = "# A { #a }\n"
        for fence in fences:
            directive, _, rest = fence.rpartition("-->\n")
            text += f"\n{directive}-->\n" if directive else "\n"
            text += rest if rest.startswith("```") else f"```console\n{rest}\n```\n"
        ran = Ran(text, self.folder)
        self.ran.append(ran)
        return ran


@pytest.fixture
def page(tmp_path: Path) -> Iterator[_Page]:
    """Run pages in a folder of their own."""
    runs = _Page(tmp_path)
    yield runs
    for ran in runs.ran:
        ran.runner.close()


def _passes(ran: Ran) -> None:
    assert ran.statuses == [Status.PASSED] * len(ran.statuses), ran.text()
    assert all(result.passed for result in ran.results)


def test_one_shell_for_the_page(page: _Page, tmp_path: Path) -> None:
    """`cd`, variables, functions, `$?` and `$!` last from step to step and from block to block."""
    (tmp_path / "sub").mkdir()
    ran = page(
        "$ cd sub\n$ a=1\n$ f() { echo f$a; }\n$ false || true",
        "$ basename $PWD\nsub\n$ echo $a\n1\n$ f\nf1",
        "<!-- prove: exit=3 -->\n$ (exit 3)",
        "$ echo $?\n3\n$ echo $?\n0",
        "$ export B=2\n$ bash -c 'echo $B'\n2",
        "$ alias hi='echo hello'\n$ hi\nhello",
        "$ set -- x y\n$ echo $2\ny",
    )
    _passes(ran)


def test_settings_of_the_shell_do_not_disturb_it(page: _Page) -> None:
    """What a page changes about its shell is between it and its shell."""
    _passes(
        page(
            "$ IFS=,\n$ x=a,b; echo $x\na b\n$ sleep 0.1 &\n[1] 4711\n$ wait\n…",
            "$ set -u; set -f\n$ echo *\n*\n$ sleep 0.1 &\n[1] 4711\n$ wait\n…",
            "$ read() { echo no; }; jobs() { echo no; }\n$ echo a\na",
            "$ PS1='x> '; trap 'true' EXIT ERR; shopt -s nullglob\n$ echo b\nb",
            "<!-- prove: exit=1 -->\n$ echo $nosuch\nbash: nosuch: unbound variable",
            "$ echo c\nc",
        )
    )


def test_exit_statuses(page: _Page) -> None:
    """Status 0 is expected of each step, another of a block's last step where the page says so."""
    ran = page(
        "$ false\n$ true",
        "<!-- prove: exit=1 -->\n$ false",
        "<!-- prove: exit=2 -->\n$ false",
        "<!-- prove: exit=1 -->\n$ true",
        "<!-- prove: exit=1 -->\n$ false\n$ false",
        "<!-- prove: exit=127 -->\n$ nosuchcommand\nbash: nosuchcommand: command not found",
    )
    fails, passes = Status.EXIT, Status.PASSED
    assert ran.statuses == [fails, passes, passes, fails, fails, fails, passes, passes]
    assert "  exit:  expected 0, actual 1" in ran.text(0)
    assert "  exit:  expected 2, actual 1" in ran.text(2)
    assert "  exit:  expected 1, actual 0" in ran.text(3)


def test_a_failure_says_where_what_and_how(page: _Page) -> None:
    """`path:line` of the step, the heading, the command as shown, statuses, a diff of the page."""
    ran = page("$ true\n$ printf 'a\\nb\\nc\\n' # three \nx\nb\nc")
    assert ran.text() == (
        "page.md:5: the output differs\n"
        "  under: # A (#a)\n"
        "  step:  $ printf 'a\\nb\\nc\\n' # three \n"
        "  exit:  expected 0, actual 0\n"
        "  --- page.md (the page)\n"
        "  +++ this run\n"
        "  @@ -6,3 +6,3 @@\n"
        "  -x\n"
        "  +a\n"
        "   b\n"
        "   c"
    )


def test_the_diffs_lines_are_the_pages(page: _Page) -> None:
    """In a long output the hunk begins at the page's own line."""
    lines = [str(n) for n in range(1, 40)]
    shown = [*lines[:29], "thirty", *lines[30:]]
    ran = page("$ seq 39\n" + "\n".join(shown))
    assert "@@ -31,7 +31,7 @@" in ran.text()
    assert ran.page.page.fences[0].body[30].text == "thirty"
    assert ran.page.page.fences[0].body[30].number == 34


def test_failing_steps_do_not_stop_the_page(page: _Page) -> None:
    """A wrong output or status is that step's failure alone."""
    ran = page("$ echo a\nb\n$ echo c\nc", "$ echo d\nd")
    assert ran.statuses == [Status.OUTPUT, Status.PASSED, Status.PASSED]
    assert "page.md:4" in ran.text()


def test_output_that_the_page_does_not_show_fails(page: _Page) -> None:
    """A step that shows no output must print nothing; one that shows some must print it."""
    ran = page("$ echo a\n$ true\na\n$ echo >&2 err")
    assert ran.statuses == [Status.OUTPUT] * 3


def test_continuations_and_here_documents(page: _Page) -> None:
    """They run as a shell runs them."""
    _passes(
        page(
            "$ echo a \\\n    b \\\n    c # d\na b c",
            "$ cat <<'EOF'\n$HOME # stays\n$ x\nEOF\n…",
            "$ cat <<EOF\n> a\n> b\n> EOF\na\nb",
            "$ for x in 1 2; do\n>   echo $x\n> done\n1\n2\n$ echo 'a\n> b'\na\nb",
            "$ if true; then echo a; fi\na\n$ for x in 1 2; do echo $x; done\n1\n2",
            "$ echo 'a # b' # c\na # b",
        )
    )


def test_a_file_is_written_and_used(page: _Page, tmp_path: Path) -> None:
    """A titled fence is the file that a session finds, byte for byte."""
    ran = page(
        '```sh title="d/run.sh"\n#!/bin/sh\n\n\techo "数据卷" \\$1\n```\n',
        "$ sh d/run.sh x\n数据卷 $1",
    )
    _passes(ran)
    assert (tmp_path / "d/run.sh").read_bytes() == '#!/bin/sh\n\n\techo "数据卷" \\$1\n'.encode()


def test_a_value_in_a_file_is_the_readers_choice(page: _Page) -> None:
    """What a page's file says may not be shown as another: only chance may vary."""
    file = '```text title="notes"\n172.28.0.5 happy_app 49152->80/tcp\n```\n'
    _passes(page(file, "$ cat notes\n172.28.0.5 happy_app 49152->80/tcp"))
    for other in ("172.28.0.77 happy_app 49152", "172.28.0.5 sad_app 49152"):
        ran = page(file, f"$ cat notes\n{other}->80/tcp")
        assert ran.statuses == [Status.OUTPUT]


def test_programs_run_on_a_terminal(page: _Page) -> None:
    """Programs see a terminal of 80 columns and 24 lines, as input and as output."""
    _passes(
        page(
            "$ test -t 0 && test -t 1 && test -t 2 && echo yes\nyes",
            "$ stty size\n24 80",
            "$ tty | cut -c1-9\n/dev/pts/",
        )
    )


@pytest.mark.parametrize(
    "fence",
    [
        "$ printf 'a'\na",
        "$ printf 'a\\n\\nb'\na\n\nb",
        "$ printf '10%%\\r50%%\\r100%%\\n'\n100%",
        "$ printf '\\033[31mred\\033[0m\\n'\nred",
        "$ printf '数据卷\\n'\n数据卷",
        "$ printf 'a\\0b\\n'\nab",
        "$ printf '%0250d\\n' 7\n" + "7".zfill(250),
        "$ printf '%080d\\n%080d\\nx\\n' 1 2\n" + "1".zfill(80) + "\n" + "2".zfill(80) + "\nx",
        "$ printf '\\033[0m%0250d\\n' 7\n" + "7".zfill(250),
        "$ printf 'a\\tb\\n'\na\tb",
        "$ printf 'a\\tb\\n'\na       b",
        "$ printf '\\n\\na\\n'\n\n\na",
        "$ echo '$ echo a'\n…",
        "$ echo 'a…b'\na…b",
    ],
)
def test_kinds_of_output(page: _Page, fence: str) -> None:
    """Without a final newline, with progress, colours, wide lines, Chinese, NUL bytes."""
    _passes(page(fence, "$ echo next\nnext"))


def test_outputs_of_steps_do_not_run_together(page: _Page) -> None:
    """An output without a final newline ends at its step."""
    _passes(page("$ printf a\na\n$ printf b\nb\n$ echo\n\n$ echo c\nc"))


def test_nested_shells(page: _Page) -> None:
    """What follows at the prompt that a program printed is typed there."""
    _passes(
        page(
            "$ PS1='root@web:/# ' bash --norc --noprofile\n"
            "root@web:/# echo one # the first\none\nroot@web:/# a=5\nroot@web:/# echo $a\n5\n"
            "root@web:/# exit\nexit\n$ echo back\nback",
            "$ PS1='/ # ' sh\n/ # cat <<X\n> a # b\n> X\na # b\n/ # echo x # c\nx\n/ # exit",
            "$ PS1='/ # ' sh\n/ # echo two\ntwo\n/ # exit",
            "$ echo end\nend",
        )
    )


def test_a_prompt_behind_output_without_a_newline(page: _Page) -> None:
    """What a program leaves on its line stands before the next prompt, and is compared."""
    typed = "$ PS1='/ # ' sh\n/ # printf hello\n{}/ # echo b\nb\n/ # exit\n$ echo end\nend"
    _passes(page(typed.format("hello")))
    ran = page("<!-- prove: timeout=2s -->\n" + typed.format("hallo"))
    assert ran.statuses[0] is not Status.PASSED


def test_words_that_ask_are_answered_in_a_later_block(page: _Page) -> None:
    """A question that was there when the block ended is shown again where it's answered."""
    _passes(
        page(
            "<!-- prove: running -->\n$ read -p 'name: ' n\nname:",
            "name: me\n$ echo $n\nme",
        )
    )


@pytest.mark.skipif(not shutil.which("python3"), reason="needs python3")
def test_a_python_prompt(page: _Page) -> None:
    """An interpreter with two prompts, a block typed into it, and its end by a key."""
    _passes(
        page(
            "$ python3 -q\n"
            ">>> 1 + 1\n2\n>>> for x in range(2):\n...     print(x)\n...\n0\n1\n>>> x\n1\n^D\n"
            "$ echo back\nback",
            "$ python3 -q\n>>> print('a')\na\n>>> exit()",
        )
    )


def test_a_wrong_output_within_a_nested_session_is_that_steps_failure(page: _Page) -> None:
    """The diff shows the line, and the page goes on."""
    ran = page("$ PS1='/ # ' sh\n/ # echo two\nthree\n/ # exit\n$ echo back\nback")
    assert ran.statuses == [Status.OUTPUT, Status.PASSED]
    assert "-three" in ran.text()
    assert "+two" in ran.text()


def test_what_programs_ask(page: _Page) -> None:
    """A question's answer is typed once the question stands there."""
    _passes(
        page(
            "$ read -p 'Name: ' name; echo \"hello $name\"\nName: you\nhello you",
            "$ read -p 'Go on? ' x; echo $x\nGo on? y\ny",
        )
    )


_TURN = "until rm go 2>/dev/null; do sleep 0.01; done"


@pytest.fixture
def slow_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which `_TURN` goes on only when the harness waits for it to settle."""
    really = Terminal.settled

    def settled(terminal: Terminal) -> bool:
        (tmp_path / "go").touch()
        time.sleep(0.3)
        return really(terminal)

    monkeypatch.setattr(Terminal, "settled", settled)


@pytest.mark.usefixtures("slow_machine")
@pytest.mark.parametrize("half", ["ls: ", "# ", ">>> "])
def test_half_a_line_is_no_prompt_however_slow_the_machine(page: _Page, half: str) -> None:
    """Output that pauses in the form of a prompt isn't taken for one: nothing is typed."""
    session = f"$ printf '{half}'; {_TURN}; echo no file\n{half}no file\n"
    _passes(page(f"{session}$ read -t 0.1 || echo nothing typed\nnothing typed"))


@pytest.mark.usefixtures("slow_machine")
def test_a_key_waits_for_what_a_slow_machine_has_yet_to_print(page: _Page) -> None:
    """Where the page shows any lines before a key, those under way come before it."""
    ran = page(f"$ {_TURN}; echo late; sleep 100\n…\n^C")
    _passes(ran)
    assert ran.steps[0].actual == ("late", "^C")


def test_first_words_after_a_long_silence_are_let_finish(page: _Page) -> None:
    """What starts slowly is not what prints on and on: a key waits for its line to be whole."""
    ran = page("$ sleep 1.5; printf slee; sleep 0.1; echo ping; sleep 100\nslee…\n^C")
    _passes(ran)
    assert ran.steps[0].actual == ("sleeping", "^C")


def test_output_that_looks_like_a_prompt_is_output(page: _Page) -> None:
    """Whether a line is typed, only the run can tell."""
    _passes(
        page(
            "$ printf '# a\\n> b\\nkey: value\\n'\n# a\n> b\nkey: value",
            "$ cat <<'EOF'\n/ # ls\n>>> 1\nEOF\n/ # ls\n>>> 1",
        )
    )


def test_keys(page: _Page) -> None:
    """`^C` ends a program, whose status 130 is then as it should be; `^D` ends its input."""
    _passes(
        page(
            "$ sleep 100\n^C\n$ echo next\nnext",
            "$ cat\n^D\n$ echo next\nnext",
            "$ echo ready; sleep 100\nready\n^C\n$ echo next\nnext",
        )
    )


def test_a_prompt_in_brackets(page: _Page) -> None:
    """A debugger's prompt is typed at, whatever its name, and output of that form is output."""
    _passes(
        page(
            "$ PS1='(buildx) ' sh\n(buildx) echo '(none) left'\n(none) left\n(buildx) exit",
            "$ echo '(none) left'\n(none) left",
        )
    )


def test_an_answer_that_is_not_echoed(page: _Page) -> None:
    """A password is typed as the page shows it, though the terminal doesn't show it."""
    ask = "read -rsp 'Password: ' a; echo; read -rsp 'Again: ' b; echo; echo \"$a $b\""
    _passes(page(f"$ {ask}\nPassword: a long secret\nAgain: s\na long secret s\n$ echo on\non"))
    ran = page(f"$ {ask}\nPassword: one\nAgain: two\none three")
    assert "-one three\n  +one two" in ran.text()
    assert not re.search(r"[-+](?:Password|Again)", ran.text())


def test_a_program_that_erases_a_line_at_the_key(page: _Page) -> None:
    """What it had shown before isn't taken for new, as when redis-cli leaves `subscribe`."""
    code = (
        "trap 'printf \"\\r\\033[K\"' INT; read -p 'db> ' a; echo OK;"
        " printf 'Reading (^C to quit)'; while ! read -t 9 b; do break; done;"
        " read -p 'db> ' c; echo bye"
    )
    _passes(
        page(f"$ bash -c {shlex.quote(code)}\ndb> set\nOK\nReading (^C to quit)\n^C\ndb> exit\nbye")
    )


def test_keys_that_detach(page: _Page) -> None:
    """Ctrl-P Ctrl-Q, which leaves a container running, is a line of its own."""
    keys = "$ stty -ixon; read -rsn 2 k; printf '%q\\n' \"$k\"\n^P^Q\n$'\\020\\021'"
    _passes(page(f"{keys}\n$ echo next\nnext"))


def test_a_command_that_goes_on_behind_the_shells_prompt(page: _Page) -> None:
    """Behind a backslash, too, the `> ` that a terminal shows isn't typed; an indented one is."""
    _passes(page("$ echo a \\\n>   b\na b\n$ echo a \\\n    > f\n$ cat f\na"))


def test_the_key_that_leaves_telnet(page: _Page) -> None:
    """`^]` reaches a program as the one byte that it is, and what it prints then is compared."""
    _passes(page("$ read -rn 1 k; printf '\\n%q\\n' \"$k\"\n^]\n$'\\035'\n$ echo next\nnext"))


def test_a_key_after_the_end_is_a_failure(page: _Page) -> None:
    """A program that has ended can't be sent a key; the page says something else."""
    ran = page("$ echo a\na\n^C")
    assert ran.statuses[0] is Status.INPUT
    assert "had ended before ^C was typed" in ran.text()


def test_a_key_whose_program_prints_something_else(page: _Page) -> None:
    """It is typed at the timeout, so that the page goes on and the other output can be told."""
    ran = page(
        "<!-- prove: timeout=500ms -->\n$ echo down; sleep 100\nup\n^C\n$ echo next\nnext",
        "<!-- prove: timeout=500ms -->\n$ PS1='/ # ' sh\n/ # echo a\nb\n^D\n$ echo on\non",
    )
    assert ran.statuses == [Status.OUTPUT, Status.PASSED, Status.OUTPUT, Status.PASSED]
    assert "the output differs: ^C was typed though what precedes it never came" in ran.text()


def test_a_key_behind_values_that_the_command_tells(page: _Page) -> None:
    """What only the command says is volatile may differ before a key, too: it is typed at once."""
    stats = "$ : docker stats; echo 0.0$(shuf -i 1-8 -n 1)%; sleep 100\n9.99%\n^C"
    _passes(page(f"<!-- prove: timeout=30s -->\n{stats}\n$ echo on\non"))


def test_a_key_reaches_what_never_falls_silent(page: _Page) -> None:
    """It is typed once the page's lines have come, whatever more the program prints meanwhile."""
    line = "64 bytes from 127.0.0.1: x"
    # A program of its own: a key between two programs of a loop reaches the page's shell instead.
    endless = f"$ bash -c 'while :; do echo {line}; sleep 0.05; done'\n{line}\n…\n^C"
    _passes(page(f"<!-- prove: timeout=9s -->\n{endless}\n$ echo on\non"))


def test_a_line_that_the_program_indents_is_typed_as_the_page_shows_it(page: _Page) -> None:
    """Python's prompt indents a line by itself; the page's indentation isn't added to it."""
    _passes(page("$ IFS= read -e -i '    ' -p '>>> ' x; echo \"${#x}\"\n>>>     y\n5"))


def test_a_key_doesnt_end_what_takes_no_notice_of_it(page: _Page) -> None:
    """A program that goes on after the late key is a timeout, and says that it was typed."""
    ran = page(
        "<!-- prove: timeout=500ms -->\n"
        "$ bash -c 'trap \"\" INT; echo down; while :; do sleep 1; done'\nup\n^C",
    )
    assert ran.statuses == [Status.TIMEOUT]
    assert "after 0.5 s; ^C was typed though what precedes it never came" in ran.text()


def test_running_programs_and_a_second_terminal(page: _Page, tmp_path: Path) -> None:
    """A program runs on while a second terminal does other things, and is ended from either."""
    _passes(
        page(
            "<!-- prove: running -->\n"
            "$ echo up; while [ ! -e stop ]; do sleep 0.05; done; echo down\nup",
            "<!-- prove: terminal=2 -->\n$ echo other; a=2\nother",
            "<!-- prove: terminal=2 -->\n$ echo $a; touch stop\n2",
            "down\n$ echo first\nfirst",
        )
    )
    assert (tmp_path / "stop").exists()


def test_a_running_program_goes_on_in_a_later_block(page: _Page) -> None:
    """A later block of the same terminal may begin with a key or at the program's prompt."""
    _passes(
        page(
            "<!-- prove: running -->\n$ echo up; sleep 100\nup",
            "<!-- prove: terminal=2 -->\n$ echo other\nother",
            "^C\n$ echo again\nagain",
            "<!-- prove: running -->\n$ PS1='/ # ' sh\n/ # a=1",
            "<!-- prove: terminal=2 -->\n$ echo other\nother",
            "/ # echo $a\n1\n/ # exit\n$ echo end\nend",
        )
    )


def test_a_program_that_was_to_run_on_but_ended(page: _Page) -> None:
    """A `running` step that ends is a failure."""
    ran = page("<!-- prove: running -->\n$ echo up\nup", "<!-- prove: terminal=2 -->\n$ true")
    assert ran.statuses[0] is Status.RUNNING


def test_a_running_program_that_shows_something_else(page: _Page) -> None:
    """A `running` step whose output differs is that, not a timeout, and the page goes on."""
    ran = page(
        "<!-- prove: running timeout=500ms -->\n$ echo down; sleep 100\nup",
        "^C\n$ echo after\nafter",
    )
    assert ran.statuses == [Status.OUTPUT, Status.PASSED, Status.PASSED]
    assert "-up\n  +down" in ran.text()


def test_retry_repeats_the_last_step_until_it_matches(page: _Page) -> None:
    """Only the last step is repeated, and only for as long as the page says."""
    _passes(
        page(
            "$ (sleep 0.6; echo done >state) >/dev/null 2>&1 &\n[1] 4711",
            "<!-- prove: retry=10s -->\n$ echo once >>log\n$ cat state\ndone",
            "$ wc -l <log\n1",
        )
    )
    start = time.monotonic()
    ran = page("<!-- prove: retry=500ms -->\n$ echo a\nb")
    assert ran.statuses == [Status.OUTPUT]
    assert 0.4 < time.monotonic() - start < 3


def test_a_command_that_never_ends(page: _Page) -> None:
    """It fails at its timeout; the later steps and blocks are blocked, not failures."""
    ran = page(
        "<!-- prove: timeout=300ms -->\n$ echo a\na\n$ echo b; sleep 100\nb\n$ echo c\nc",
        "$ echo d\nd",
    )
    assert ran.statuses == [Status.PASSED, Status.TIMEOUT, Status.BLOCKED]
    assert ran.results[1].blocked_by is ran.steps[1]
    text = ran.text()
    assert text.startswith("page.md:7: it didn't end in time: after 0.3 s")
    assert "1 later step of this block blocked by it" in text


def test_a_command_that_waits_for_input_that_the_page_never_types(page: _Page) -> None:
    """The message names what it waits at."""
    ran = page("<!-- prove: timeout=300ms -->\n$ read -p 'Overwrite? [y/N] ' x")
    assert ran.statuses == [Status.TIMEOUT]
    assert "it may be waiting for input at `Overwrite? [y/N]`" in ran.text()


def test_a_nested_shell_that_is_never_left(page: _Page) -> None:
    """The message names the prompt that is still there."""
    ran = page("<!-- prove: timeout=1s -->\n$ PS1='/ # ' sh\n/ # echo a\na\n$ echo b\nb")
    assert ran.statuses == [Status.TIMEOUT, Status.BLOCKED]
    assert "waiting for input at `/ #`" in ran.text()


def test_a_command_that_floods_the_terminal(page: _Page) -> None:
    """It is stopped at 4 MiB, well before its timeout."""
    start = time.monotonic()
    ran = page("$ yes\ny", "$ true")
    assert ran.statuses == [Status.FLOOD]
    assert ran.results[1].blocked_by is not None
    assert time.monotonic() - start < 20
    assert len(ran.text()) < 2000


@pytest.mark.parametrize("command", ["exit", "exit 0", "exec true", "kill -9 $$", "set -e; false"])
def test_a_command_that_ends_the_shell(page: _Page, command: str) -> None:
    """The step fails, and what comes later is blocked."""
    ran = page(f"$ echo a\na\n$ {command}\n$ echo b\nb", "$ echo c\nc")
    assert ran.statuses == [Status.PASSED, Status.SHELL, Status.BLOCKED]
    assert ran.results[1].blocked_by is ran.steps[1]
    assert "page.md:6: it ended the page's shell" in ran.text()


def test_a_step_that_needs_a_newer_engine_is_not_run(page: _Page) -> None:
    """It says so, and the page goes on."""
    ran = page("<!-- prove: engine=>=99 -->\n$ echo a >a", "$ ls")
    assert ran.results[0].not_run == "needs engine 99 or newer"
    assert ran.results[0].steps == []
    assert ran.statuses == [Status.PASSED]


def test_skipped_and_display_blocks_are_not_run(page: _Page, tmp_path: Path) -> None:
    """Nothing of them reaches a shell."""
    _passes(
        page(
            '<!-- prove: skip="no" -->\n$ touch skipped',
            "<!-- prove: display -->\n$ touch display",
            '<!-- prove: skip="no" -->\n```sh title="x"\na\n```\n',
            "$ true",
        )
    )
    assert list(tmp_path.iterdir()) == []


def test_background_jobs(page: _Page) -> None:
    """A shell says the number and the process of a job, as it does to a reader."""
    _passes(page("$ sleep 0.2 &\n[1] 4711\n$ wait\n…\n$ echo a\na"))


@pytest.mark.parametrize(
    "session",
    [
        "$ for i in 1 2; do\n> cat <<EOF\n> n $i\n> EOF\n> done\nn 1\nn 2",
        "$ cat <<A; cat <<B\na\nA\nb\nB\na\nb",
        "$ cat <<A; cat <<B\n> a\n> A\n> b\n> B\na\nb",
        "$ x=$(cat <<EOF\nq $((1+1))\nEOF\n)\n$ echo $x\nq 2",
        '$ echo "a <<EOF\n> b"\na <<EOF\nb',
        '$ while read -r a; do\n> echo "[$a]"\n> done <<EOF\n> x\n> EOF\n[x]',
        "$ cat <<EOF | sed 's/a/b/' \\\n    >out\na\nEOF\n$ cat out\nb",
    ],
)
def test_here_documents_in_longer_commands(page: _Page, session: str) -> None:
    """A command may have several, and may go on behind them."""
    _passes(page(session))


def test_live_processes_from_step_to_step(page: _Page) -> None:
    """A process that the page shows under one number is the run's, whatever number that has."""
    _passes(
        page(
            "$ sleep 100 &\n[1] 99999999\n$ echo $!\n99999999\n"
            "$ ps -o comm= -p 99999999\nsleep\n$ kill 99999999",
        )
    )


def test_live_ids_from_step_to_step(page: _Page) -> None:
    """A command that uses the page's id gets the run's, within a block and across blocks."""
    ran = page(
        "$ a=8d2f2919c933; echo $a >$a; echo $a\n3f2a91c07b5d\n$ cat 3f2a91c07b5d\n3f2a91c07b5d",
        "$ ls 3f2a91c07b5d\n3f2a91c07b5d",
        '$ docker() { echo "$@"; }\n$ docker rm 3f\nrm 3f',
    )
    _passes(ran)


def test_a_thousand_steps(page: _Page) -> None:
    """Many steps in one block are quick, and each has its own result."""
    lines = "\n".join(f"$ echo {n}\n{n}" for n in range(1000))
    start = time.monotonic()
    ran = page(lines)
    seconds = time.monotonic() - start
    _passes(ran)
    assert len(ran.statuses) == 1000
    assert seconds < 2


def test_one_wrong_step_in_a_thousand(page: _Page) -> None:
    """It is found, at its line, and the others hold."""
    lines = "\n".join(f"$ echo {n}\n{n if n != 500 else 'x'}" for n in range(1000))
    ran = page(lines)
    assert [n for n, status in enumerate(ran.statuses) if status is not Status.PASSED] == [500]
    assert ran.text().startswith("page.md:1004: the output differs")


def test_blocks_are_run_once_and_in_order(tmp_path: Path) -> None:
    """Asking for a later block runs the earlier ones first; asking again runs nothing."""
    text = "".join(
        f"```console\n{body}\n```\n"
        for body in ("$ echo 1 >>log", "$ echo 2 >>log", "$ cat log\n1\n2")
    )
    runner = PageRunner(
        blocks.build(markdown.parse(text, Path("p.md"))), lambda: LocalMachine(tmp_path)
    )
    assert runner.run_to(2).passed
    assert runner.run_to(0).passed
    assert (tmp_path / "log").read_text() == "1\n2\n"
    runner.close()
