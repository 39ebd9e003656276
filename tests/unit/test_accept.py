"""Rewriting pages to what a run printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockproof import accept, config
from dockproof.errors import PageError
from dockproof.machines import LocalMachine
from dockproof.results import Status
from dockproof.runner import PageRunner
from dockproof.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockproof.accept import Accepted
    from dockproof.blocks import Blocks


class _LocalRuns(Runs):
    """Runs pages on this machine, each in a folder of its own."""

    folder: Path

    def runner(self, page: Blocks) -> PageRunner:
        if page.key not in self._runners:
            home = self.folder / f"home{len(self._runners)}"
            home.mkdir()
            self._runners[page.key] = PageRunner(page, lambda: LocalMachine(home))
        return self._runners[page.key]


class _Site:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "pyproject.toml").write_text('[tool.dockproof]\nlanguages = ["zh", "en"]\n')
        for language in ("zh", "en"):
            (root / "docs" / language).mkdir(parents=True)
        self.config = config.load(root)
        self.runs: list[_LocalRuns] = []

    def page(self, language: str) -> Path:
        return self.root / "docs" / language / "page.md"

    def accept(self) -> Accepted:
        """Accept the Chinese page's run; write the edits."""
        runs = _LocalRuns(self.config, print)
        runs.folder = self.root / f"run{len(self.runs)}"
        runs.folder.mkdir()
        self.runs.append(runs)
        accepted = accept.accept(self.page("zh"), self.config, runs)
        accept.write(accepted, self.config)
        return accepted

    def __call__(self, text: str, twin: str | None = None) -> tuple[str, Accepted]:
        """Write a page and its twin, accept, and return the page's new text."""
        self.page("zh").write_text(text, "utf-8")
        self.page("en").write_text(text if twin is None else twin, "utf-8")
        accepted = self.accept()
        return self.page("zh").read_text("utf-8"), accepted


@pytest.fixture
def site(tmp_path: Path) -> Iterator[_Site]:
    """A site of two languages."""
    one = _Site(tmp_path)
    yield one
    for runs in one.runs:
        runs.close()


def _session(*lines: str) -> str:
    return "\n".join(("# A", "", "```console", *lines, "```", "", "words", ""))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["$ echo a", "b"], ["$ echo a", "a"]),
        (["$ echo a"], ["$ echo a", "a"]),
        (["$ true", "b"], ["$ true"]),
        (["$ seq 3", "1", "…", "4"], ["$ seq 3", "1", "…", "3"]),
        (["$ seq 4", "0", "…", "4"], ["$ seq 4", "1", "…", "4"]),
        (["$ seq 3", "…"], ["$ seq 3", "…"]),
        (["$ echo one two; echo x", "one …", "y"], ["$ echo one two; echo x", "one …", "x"]),
        (["$ echo a # words", "b", "", "$ echo c"], ["$ echo a # words", "a", "", "$ echo c", "c"]),
        (["$ echo a \\", "    b", "x"], ["$ echo a \\", "    b", "a b"]),
        (
            ["$ echo 5 minutes ago; echo x", "7 minutes ago"],
            ["$ echo 5 minutes ago; echo x", "7 minutes ago", "x"],
        ),
        (["$ printf 'a\\n\\nb\\n'"], ["$ printf 'a\\n\\nb\\n'", "a", "", "b"]),
        (
            ["$ PS1='/ # ' sh", "/ # echo a", "b", "/ # exit"],
            ["$ PS1='/ # ' sh", "/ # echo a", "a", "/ # exit"],
        ),
        (
            ["$ echo 8d2f2919c933", "3f2a91c07b5d", "$ echo removed 3f2a91c07b5d", "gone"],
            [
                "$ echo 8d2f2919c933",
                "3f2a91c07b5d",
                "$ echo removed 3f2a91c07b5d",
                "removed 3f2a91c07b5d",
            ],
        ),
        (
            ["$ echo 8d2f2919c933 9", "3f2a91c07b5d 8", "$ echo 8d2f2919c933", "3f2a91c07b5d"],
            ["$ echo 8d2f2919c933 9", "3f2a91c07b5d 9", "$ echo 8d2f2919c933", "3f2a91c07b5d"],
        ),
    ],
)
def test_what_is_rewritten(site: _Site, before: list[str], after: list[str]) -> None:
    """Wrong lines become the run's; what agrees, and each wildcard that still holds, stays."""
    text, accepted = site(_session(*before))
    assert text == _session(*after)
    assert site.page("en").read_text("utf-8") == text
    assert accepted.left == []


def test_what_a_running_program_shows_is_rewritten(site: _Site) -> None:
    """The step that is still running when its block ends is rewritten like any other."""
    session = "<!-- prove: running timeout=500ms -->\n```console\n$ echo down; sleep 100\n{}\n```\n"
    ending = "\n```console\n^C\n```\n"
    text, accepted = site("# A\n\n" + session.format("up") + ending)
    assert text == "# A\n\n" + session.format("down") + ending
    assert accepted.left == []


def test_what_stands_before_a_key_is_rewritten(site: _Site) -> None:
    """The key is typed at the step's timeout though its program printed something else."""
    session = (
        "# A\n\n<!-- prove: timeout=500ms -->\n```console\n$ echo down; sleep 100\n{}\n^C\n```\n"
    )
    text, accepted = site(session.format("up"))
    assert text == session.format("down")
    assert accepted.left == []


def test_accepting_twice_changes_nothing_more(site: _Site) -> None:
    """After an acceptance the page holds."""
    text, _ = site(_session("$ echo a", "$ seq 3", "5", "…"))
    accepted = site.accept()
    assert not any(accepted.edits.values())
    assert site.page("zh").read_text("utf-8") == text


def test_a_page_that_holds_is_left_alone(site: _Site) -> None:
    """Not even its time of change differs."""
    site.page("zh").write_text(_session("$ echo a", "a"), "utf-8")
    site.page("en").write_text(_session("$ echo a", "a"), "utf-8")
    before = site.page("zh").stat().st_mtime_ns
    site.accept()
    assert site.page("zh").stat().st_mtime_ns == before


def test_the_twin_is_rewritten_at_its_own_lines(site: _Site) -> None:
    """Its words, comments and indentation are its own."""
    _, accepted = site(
        "# 甲 { #a }\n\n```console\n$ echo a # 一\nb\n```\n\n"
        "1. x\n\n    ```console\n    $ echo c\n    ```\n",
        "# A { #a }\n\nMore\nwords.\n\n```console\n$ echo a # one\nb\n```\n\n"
        "1. x\n\n    ```console\n    $ echo c\n    ```\n",
    )
    assert site.page("en").read_text("utf-8") == (
        "# A { #a }\n\nMore\nwords.\n\n```console\n$ echo a # one\na\n```\n\n"
        "1. x\n\n    ```console\n    $ echo c\n    c\n    ```\n"
    )
    assert len(accepted.edits) == 2


def test_a_wrong_status_is_left_to_the_writer(site: _Site) -> None:
    """Output can change for good; a status says that the command is wrong, and its output too."""
    before = _session("$ echo a; false", "b", "$ false")
    text, accepted = site(before)
    assert [step.status for _, step in accepted.left] == [Status.OUTPUT, Status.EXIT]
    assert text == before


def test_a_page_that_is_saved_while_it_runs_is_left_alone(site: _Site) -> None:
    """The edits are for what was run; in what is there now they would fall anywhere."""
    text = _session(f"$ sed -i '1i Words.' {site.page('zh')}; echo a", "b")
    with pytest.raises(PageError, match=r"zh/page.md:1: the page was saved while it ran") as raised:
        site(text)
    assert "run it again" in str(raised.value)
    assert site.page("zh").read_text("utf-8") == f"Words.\n{text}"
    assert site.page("en").read_text("utf-8") == text


def test_a_command_that_never_ends_is_left_to_the_writer(site: _Site) -> None:
    """A partial output is not written into the page, nor are blocked steps touched."""
    before = _session("$ echo a; sleep 100", "b", "$ echo c", "d").replace(
        "\n```console", "\n<!-- prove: timeout=300ms -->\n```console"
    )
    text, accepted = site(before)
    assert text == before
    assert [step.status for _, step in accepted.left] == [Status.TIMEOUT]


def test_a_twin_of_another_shape_is_refused(site: _Site) -> None:
    """Nothing is written where lines can't be told apart."""
    before = _session("$ echo a", "b")
    with pytest.raises(PageError, match=r"en/page.md:1: its blocks differ from docs/zh"):
        site(before, before.replace("echo a", "echo c"))
    assert site.page("zh").read_text("utf-8") == before


def test_an_included_session_is_refused(site: _Site) -> None:
    """A line that an include brought can't be rewritten in the page."""
    (site.root / "examples").mkdir()
    (site.root / "examples/s.txt").write_text("$ echo a\nb\nc\n")
    with pytest.raises(PageError, match=r"page.md:\d: the output stands in an included file"):
        site(_session('--8<-- "s.txt"'))


def test_other_bytes_of_the_page_stay(site: _Site) -> None:
    """Trailing spaces, no newline at the end, Chinese: all as before."""
    text, _ = site("# 甲  \n\n```console\n$ echo a\nb\n```\n\n词 \t\n\n\nend")
    assert text == "# 甲  \n\n```console\n$ echo a\na\n```\n\n词 \t\n\n\nend"


def test_the_pages_line_ends_stay(site: _Site) -> None:
    """A page with a carriage return at each line's end keeps them all."""
    page = site.page("zh")
    for language in ("zh", "en"):
        site.page(language).write_bytes(b"# A\r\n\r\n```console\r\n$ echo a\r\nb\r\n```\r\n")
    site.accept()
    assert page.read_bytes() == b"# A\r\n\r\n```console\r\n$ echo a\r\na\r\n```\r\n"


@pytest.mark.parametrize("printed", ["```", "~~~", "$ x", "node2$ x", "^C"])
def test_what_a_page_would_take_for_something_else_is_refused(site: _Site, printed: str) -> None:
    """A page is never broken by what a run printed."""
    before = _session(f"$ echo '{printed}'", "x")
    with pytest.raises(PageError, match=r"page.md:4: the run printed .*: write `…` where"):
        site(before)
    assert site.page("zh").read_text("utf-8") == before
