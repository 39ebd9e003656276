"""Sample pages: what sound ones and each kind of broken one get."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockproof.lab.engine import outer_engine
from dockproof.lab.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker.models.containers import Container

    from tests.proofs.conftest import Done, Site

SAMPLES = Path(__file__).parents[1] / "samples"
_GETS = re.compile(rb"<!-- gets: (?P<line>\d+): (?P<text>.*) -->")


def _names(folder: str) -> list[str]:
    return [path.stem for path in sorted((SAMPLES / folder).glob("*.md"))]


@pytest.fixture(scope="module")
def unreadable(pages: Callable[..., Done]) -> Done:
    """One run over all pages that can't be read, and one sound page."""
    return pages(*(f"unreadable/{name}.md" for name in _names("unreadable")), "sound/one-shell.md")


@pytest.mark.parametrize("name", _names("unreadable"))
def test_bad_input_is_an_error_at_collection(unreadable: Done, name: str) -> None:
    """Each kind of bad input gets `path:line`, what is wrong, and the mend, as its page says."""
    gets = _GETS.search((SAMPLES / f"unreadable/{name}.md").read_bytes())
    assert gets is not None
    text = gets["text"].decode()
    assert f"tests/samples/unreadable/{name}.md:{int(gets['line'])}: {text}" in unreadable.output
    assert f"ERROR tests/samples/unreadable/{name}.md" in unreadable.output


def test_bad_input_leaves_other_pages_unharmed(unreadable: Done) -> None:
    """The sound page in the same run is proved, and the run fails for the others."""
    assert unreadable.status == 1
    assert set(unreadable.of("sound/one-shell").values()) == {"passed"}
    assert "Traceback" not in unreadable.output


@pytest.fixture(scope="module")
def canary() -> Iterator[Container]:
    """A container of the user's own on the engine that the labs run on."""
    engine = outer_engine(State(), print)
    # Of an image of its own: the lab's images carry the lab's label.
    engine.client.api.import_image_from_data(bytes(10240), repository="samples-canary")
    container = engine.client.containers.create("samples-canary", ["true"])
    yield container
    container.remove(force=True)
    engine.client.images.remove("samples-canary")
    engine.close()


@pytest.fixture(scope="module")
def proved(pages: Callable[..., Done], canary: Container) -> Done:
    """One run, in two processes, over all sound pages and all that fail."""
    assert canary.status == "created"
    folders = ("sound", "failing")
    return pages("-n", "2", "-rA", *(f"{f}/{name}.md" for f in folders for name in _names(f)))


@pytest.mark.parametrize("name", _names("sound"))
def test_sound_pages_pass(proved: Done, name: str) -> None:
    """Every block of a sound page passes, or is skipped for the reason that it gives."""
    outcomes = proved.of(f"sound/{name}")
    skipped = {"fences-anywhere": 1, "newer-engine": 1}.get(name, 0)
    assert list(outcomes.values()).count("skipped") == skipped
    assert set(outcomes.values()) <= {"passed", "skipped"}
    assert "passed" in outcomes.values()


def test_the_users_own_containers_are_left_alone(proved: Done, canary: Container) -> None:
    """A page that removes every container reaches only its own machine's."""
    assert set(proved.of("removes-every-container").values()) == {"passed"}
    canary.reload()
    assert canary.status == "created"


def test_skipped_blocks_say_why(proved: Done) -> None:
    """The page's own reason, or the engine that a block needs."""
    assert "needs macOS" in "".join(proved.messages.values())
    assert proved.message("newer-engine", "newer-engine-1").endswith("needs engine 99 or newer")


def test_items_are_named_after_headings(proved: Done) -> None:
    """An item's id is its page and its block, which stay when lines move."""
    assert list(proved.of("sound/two-nodes")) == ["two-nodes-1"]
    assert list(proved.of("failing/never-ends")) == ["never-ends-1", "later-1"]
    assert list(proved.of("sound/fences-anywhere"))[:2] == [
        "fences-anywhere-bin/indented.sh",
        "fences-anywhere-1",
    ]


FAILURES = {
    "ambiguous-id": (
        "9: an id is ambiguous: `3f` begins 2 of the page's ids: 3f2a91c07b5d, 3f946ac92492",
    ),
    "breaks-its-engine": ("5: the output differs", "+Cannot connect to the Docker daemon at"),
    "file-where-a-folder-is": (
        "7: the file can't be saved: cannot create /home/you/demo/app: Is a directory",
        "under: # File where a folder is (#file-where-a-folder-is)\n  step:  (saving demo/app)",
    ),
    "fills-a-file-wrongly": ("8: the output differs", "-hello world\n  +hello docker"),
    "floods-the-terminal": ("4: it printed too much: more than 4 MiB", "step:  $ yes"),
    "ids-mixed-up": (
        "9: the output differs",
        "@@ -10,2 +10,2 @@",
        "-b1946ac92492ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec7 one",
        "+b1946ac92492ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec7 two",
    ),
    "kills-its-shell": (
        "6: it ended the page's shell",
        "step:  $ exit",
        "1 later step of this block blocked by it",
    ),
    "nested-shell-never-left": (
        "5: it didn't end in time: after 3 s; it may be waiting for input at `/ #`",
    ),
    "never-ends": (
        (
            "7: it didn't end in time: after 2 s\n  under: # Never ends (#never-ends)\n"
            "  step:  $ tail -f /dev/null\n  exit:  expected 0, actual none"
        ),
        "1 later step of this block blocked by it",
    ),
    "output-not-printed": ("4: the output differs", "@@ -5 +4,0 @@\n  -hello"),
    "output-not-shown": ("4: the output differs", "@@ -4,0 +5 @@\n  +hello"),
    "removes-its-socket": ("5: the output differs", "+Cannot connect to the Docker daemon at"),
    "running-but-ended": ("5: it ended, though the page says that it is still running",),
    "size-is-another": ("4: the output differs", "-hello-docker latest 1MB"),
    "waits-for-input": (
        (
            "7: it didn't end in time: after 2 s; it may be waiting for input at "
            "`Are you sure you want to continue? [y/N]`"
        ),
    ),
    "wrong-output": (
        (
            "6: the output differs\n  under: # Wrong output (#wrong-output)\n"
            "  step:  $ printf 'one\\ntwo\\nthree\\n' # three lines\n"
            "  exit:  expected 0, actual 0\n"
        ),
        "@@ -7,3 +7,3 @@\n   one\n  -too\n  +two\n   three",
    ),
    "wrong-status": ("4: the exit status differs", "exit:  expected 0, actual 2"),
}
"""The text that each failing page gets, the first part behind `path:`."""


@pytest.mark.parametrize("name", _names("failing"))
def test_what_a_failing_page_gets(proved: Done, name: str) -> None:
    """The step's own `path:line`, the heading, the command, both statuses, and the diff."""
    first, *rest = FAILURES[name]
    outcomes = proved.of(f"failing/{name}")
    item = next(item for item, outcome in outcomes.items() if outcome != "passed")
    assert outcomes[item] == "failed"
    message = proved.message(f"failing/{name}", item)
    assert f"tests/samples/failing/{name}.md:{first}" in message
    for part in rest:
        assert part in message


def test_the_statuses_of_a_block_are_those_of_its_steps(proved: Done) -> None:
    """A directive's status is the last step's; every other step's must be 0."""
    assert "expected 1, actual 3" in proved.message("wrong-status", "wrong-status-2")
    message = proved.message("wrong-status", "wrong-status-3")
    assert "wrong-status.md:15: the exit status differs" in message
    assert "wrong-status.md:16: the exit status differs" in message
    assert "expected 1, actual 0" in message


@pytest.mark.parametrize(
    ("name", "item", "line"),
    [
        ("never-ends", "later-1", "7: it didn't end in time"),
        ("kills-its-shell", "kills-its-shell-2", "6: it ended the page's shell"),
        ("floods-the-terminal", "floods-the-terminal-2", "4: it printed too much"),
    ],
)
def test_later_blocks_are_blocked_not_failed(proved: Done, name: str, item: str, line: str) -> None:
    """They name what blocks them, and are counted apart."""
    path = f"tests/samples/failing/{name}.md"
    assert proved.of(f"failing/{name}")[item] == "skipped"
    assert f"blocked by {path}:{line}" in proved.message(f"failing/{name}", item)
    assert f"BLOCKED {path}::{item}" in proved.output


def test_every_fence_is_counted(proved: Done) -> None:
    """The counts say what became of each fence, over all processes."""
    counts = re.search(r"(\d+) pages, (\d+) fences: (\d+) sessions with (\d+) steps", proved.output)
    assert counts is not None
    assert int(counts[1]) == len(_names("sound")) + len(_names("failing"))
    assert "2 display-only, 1 text, 1 skipped with a reason" in proved.output
    assert re.search(r"\d+ blocked", proved.output)


ONE = "# One { #one }\n\n```console\n$ touch first\n```\n\n## Two { #two }\n\n"
TWO = "```console\n$ ls\nfirst\n$ echo $0\nbash\n```\n"


def test_one_block_is_run_with_what_it_needs(site: Site, tmp_path: Path) -> None:
    """`-k`, an id, `--lf` and `-x` select blocks; what comes before them on the page is run."""
    site.page("a/good", ONE + TWO)
    site.page("a/wrong", (ONE + TWO).replace("\nfirst\n", "\nsecond\n"))
    cache = tmp_path / "cache"

    done = site.prove("docs/en", cache=cache)
    assert done.status == 1
    assert done.of("en/a/wrong") == {"one-1": "passed", "two-1": "failed"}
    again = site.prove("docs/en", "--lf", cache=cache)
    assert list(again.outcomes) == ["docs/en/a/wrong.md::two-1"]
    assert "-second\n  +first" in again.message("en/a/wrong", "two-1")

    chosen = site.prove("-k", "two-1 and good", "docs/zh", "docs/en")
    assert chosen.status == 0
    assert chosen.outcomes == {
        "docs/zh/a/good.md::two-1": "passed",
        "docs/en/a/good.md::two-1": "passed",
    }
    first = site.prove("-x", "docs/en/a/wrong.md", "docs/en/a/good.md::two-1")
    assert first.of("en/a/good") == {}


def test_a_selection_that_an_earlier_block_blocks_fails(pages: Callable[..., Done]) -> None:
    """Where what blocks the chosen block isn't chosen itself, the run still isn't a success."""
    done = pages("failing/kills-its-shell.md", "-k", "kills-its-shell-2")
    assert done.status == 1
    assert done.of("failing/kills-its-shell") == {"kills-its-shell-2": "failed"}
    assert "6: it ended the page's shell" in done.message("kills-its-shell", "kills-its-shell-2")


def test_no_selection_runs_a_skipped_block(site: Site) -> None:
    """Chosen by its id alone, a skipped block is skipped still, and needs no lab."""
    skipped = '<!-- prove: skip="needs macOS" skip-zh="只在 macOS 上" -->\n'
    text = (
        f"# One {{ #one }}\n\n{skipped}```console\n$ touch skipped\n```\n\n```console\n$ ls\n```\n"
    )
    site.page("a/skips", text)
    alone = site.prove("docs/zh/a/skips.md::one-1", "docs/en/a/skips.md::one-1")
    assert set(alone.outcomes.values()) == {"skipped"}
    assert "只在 macOS 上" in alone.message("zh/a/skips", "one-1")
    assert "needs macOS" in alone.message("en/a/skips", "one-1")
    assert "0 sessions with 0 steps proved" in alone.output
    both = site.prove("-n", "2", "docs")
    assert both.status == 0
    assert both.of("en/a/skips") == {"one-1": "skipped", "one-2": "passed"}


def test_a_site_with_broken_pages(site: Site) -> None:
    """A page without a twin, pages that differ, and a page without a step, each say so."""
    site.page("a/good", ONE + TWO)
    site.page("a/alone", ONE + TWO, twin=None)
    site.page("a/differs", ONE + TWO, twin=(ONE + TWO).replace("touch first", "touch  first"))
    site.page("a/words", "# Words { #words }\n\nNo session here.\n")
    done = site.prove()
    assert done.status == 1
    assert "docs/zh/a/alone.md:1: the page has no twin in en: write docs/en/a/alone.md" in (
        done.output
    )
    assert done.of("zh/a/good") == {"one-1": "passed", "two-1": "passed", "twins": "passed"}
    assert done.of("en/a/good") == {"one-1": "passed", "two-1": "passed"}
    assert done.of("zh/a/differs")["twins"] == "failed"
    message = done.message("zh/a/differs", "twins")
    assert "docs/zh/a/differs.md:4" in message
    assert "docs/en/a/differs.md:4" in message
    assert done.of("zh/a/words") == {"twins": "passed"}


def test_nothing_passes_vacuously(site: Site, pages: Callable[..., Done]) -> None:
    """Pages without a single step are an error, whatever else passes."""
    site.page("a/words", "# Words { #words }\n\nNo session here.\n")
    done = site.prove()
    assert done.status == 1
    assert "the pages have no step at all: nothing is proved" in done.output
    skipped = pages("./skipped-only.md")
    assert skipped.status != 0
    gated = "<!-- prove: engine=>=99 -->\n```console\n$ echo hi\nho\n```\n"
    site.page("a/words", f"# Words {{ #words }}\n\n{gated}")
    done = site.prove()
    assert done.status == 1
    assert "what was chosen is for a newer engine alone: nothing is proved" in done.output
