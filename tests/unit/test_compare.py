"""Whether a run printed what the page shows, and what the page would have to show instead."""

from __future__ import annotations

import time

import pytest

from dockproof import compare
from dockproof.bindings import Bindings, Substitution

A, B = "3f2a91c07b5d", "b1946ac92492"
RUN_A, RUN_B = "8d2f2919c933", "fdeee46afa69"


def _agree(page: str, run: str) -> bool:
    return compare.matches(page.split("|"), run.split("|"), Bindings())


@pytest.mark.parametrize(
    ("page", "run", "agree"),
    [
        ("a|b", "a|b", True),
        ("a|b", "a", False),
        ("a", "a|b", False),
        ("a|b", "b|a", False),
        ("a|b|", "a|b", True),
        ("a|b", "a|b||", True),
        ("a||b", "a|b", False),
        ("|a", "a", False),
        ("a ", "a", True),
        ("a", "a  ", True),
        (" a", "a", False),
        ("a", " a", False),
        ("A", "a", False),
        ("…", "", True),
        ("…", "a|b|c", True),
        ("a|…", "a", True),
        ("a|…", "a|b|c", True),
        ("a|…", "b", False),
        ("…|c", "a|b|c", True),
        ("…|c", "c", True),
        ("…|c", "a|b|c|d", False),
        ("a|…|c", "a|c", True),
        ("a|…|c", "a|b|b|c", True),
        ("a|…|c", "a|c|b", False),
        ("a|…|a", "a", False),
        ("…|b|…", "a|b|c", True),
        ("…|b|…", "a|c", False),
        ("…|a|…|b", "a|b|a|b", True),
        ("…|a|b|…", "a|c|a|b", True),
        ("a|…|b|…|c", "a|c|b|x|b|c", True),
        ("a|…|…|b", "a|b", True),
        ("  …", "a|b", True),
        ("a … c", "a b c", True),
        ("a … c", "a b b c", True),
        ("a…c", "ac", True),
        ("a…c", "abc", True),
        ("a … c", "a c", False),
        ("a …", "a b", True),
        ("… c", "a b c", True),
        ("… c", "a b d", False),
        ("a…b…c", "a1b2b3c", True),
        ("a…b", "a.b.c", False),
        ("a.c", "abc", False),
        ("a*", "aaa", False),
        ("[a]", "a", False),
        ("(x", "(x", True),
        ("数据卷 …", "数据卷 甲", True),
        ("...", "a", False),
        ("... b", "a b", False),
    ],
)
def test_lines_and_gaps(page: str, run: str, agree: bool) -> None:  # noqa: FBT001 - a table
    """`…` alone is any number of lines, inside a line any characters; all else is literal."""
    assert _agree(page, run) is agree


@pytest.mark.parametrize(
    ("page", "run", "agree"),
    [
        ("NAME    TAG|a       5MB", "NAME      TAG|a         5.1MB", True),
        ("NAME    TAG|a       5MB", "NAME  TAG|a     5.1MB", True),
        ("NAME    TAG|a       5MB", "NAME TAG|a     5.1MB", False),
        ("NAME    TAG|…", "NAME      TAG|a         x", True),
        ("NAME    TAG", "NAME      TAG", False),
        ("NAME    TAG|a       x", "NAME  TAG|a     x", False),
        ("NAME TAG", "NAME  TAG", False),
        ("NAME\tTAG", "NAME    TAG", True),
        ("  a", "   a", False),
        ("    return 0;", "  return 0;", False),
        ("5 minutes ago   x", "10 minutes ago  x", True),
        ("x   12kB", "x 12.1kB", True),
    ],
)
def test_only_the_padding_of_tables_is_flexible(page: str, run: str, agree: bool) -> None:  # noqa: FBT001 - a table
    """Of two or more spaces the number doesn't count where something of the output varies."""
    assert _agree(page, run) is agree


def test_a_gap_gives_back_what_would_bind_wrongly() -> None:
    """Where a place after `…` binds an id that a later line contradicts, the next is tried."""
    page = ["…", f"{A}   x", "…", f"gone {A}"]
    run = [f"{RUN_B}   x", f"{RUN_A}   x", f"gone {RUN_A}"]
    bindings = Bindings()
    assert compare.matches(page, run, bindings)
    assert bindings.to_run(f"docker rm {A}")[0] == f"docker rm {RUN_A}"


def test_a_gap_in_a_line_gives_back_too() -> None:
    """The same holds for `…` inside a line."""
    page = [f"… {A} …", f"gone {A}"]
    assert compare.matches(page, [f"x {RUN_A} y {RUN_B}", f"gone {RUN_A}"], Bindings())
    bindings = Bindings()
    assert bindings.bind("id", A, RUN_B)
    assert compare.matches(page[:1], [f"x {RUN_A} y {RUN_B} z"], bindings)


def test_a_failed_comparison_binds_nothing() -> None:
    """Lines that agree before one that doesn't leave no trace."""
    bindings = Bindings()
    assert not compare.matches([A, "x"], [RUN_A, "y"], bindings)
    assert compare.matches([A, "x"], [RUN_B, "x"], bindings)


def test_many_gaps_over_much_output_take_little_time() -> None:
    """A page that could match in very many ways is given up in bounded time."""
    page = [part for n in range(12) for part in ("…", f"a{n % 2}")] + ["…", "end"]
    run = ["a0", "a1"] * 300
    start = time.monotonic()
    assert not compare.matches(page, run, Bindings())
    assert time.monotonic() - start < 3


def test_many_gaps_in_one_line_take_little_time() -> None:
    """A line that could match in very many ways is given up in bounded time."""
    start = time.monotonic()
    assert not compare.matches(["a…" * 12 + "b"], ["a" * 60], Bindings())
    assert time.monotonic() - start < 3


def test_words_that_were_run_as_other_words_may_be_printed() -> None:
    """`docker rm 3f` prints what was typed: the run's id where the page shows the prefix."""
    made = (Substitution("3f", RUN_A),)
    assert compare.matches(["3f"], [RUN_A], Bindings(), made)
    assert not compare.matches(["3f"], ["3f"], Bindings(), made)
    assert not compare.matches(["3e"], [RUN_A], Bindings(), made)
    assert compare.matches(
        ["Error: No such container: 3f"], [f"Error: No such container: {RUN_A}"], Bindings(), made
    )


def _merged(page: list[str], run: list[str], bindings: Bindings | None = None) -> list[str]:
    merged = compare.merge(page, run, bindings or Bindings())
    return compare.apply(merged, page)


@pytest.mark.parametrize(
    ("page", "run", "merged"),
    [
        ("a|b|c", "a|B|c", "a|B|c"),
        ("a|b|c", "a|c", "a|c"),
        ("a|c", "a|b|c", "a|b|c"),
        ("a|…|c", "a|x|y|c", "a|…|c"),
        ("a|…|c", "a|x|y|C", "a|…|C"),
        ("a|…|c", "A|x|y|c", "A|…|c"),
        ("…", "a|b", "…"),
        ("a|…", "A|b|c", "A|…"),
        ("a … c|b", "a x c|B", "a … c|B"),
        ("a|b|", "a|B", "a|B|"),
        ("", "a", "a|"),
        ("up 5 minutes ago|b", "up 9 minutes ago|B", "up 5 minutes ago|B"),
    ],
)
def test_what_the_page_would_have_to_show(page: str, run: str, merged: str) -> None:
    """Lines that agree and wildcards that still stand for something stay as the page has them."""
    assert _merged(page.split("|"), run.split("|")) == merged.split("|")


def test_new_lines_show_the_pages_ids() -> None:
    """A new line names an object as the rest of the page does."""
    bindings = Bindings()
    assert bindings.bind("id", A, RUN_A)
    assert _merged(["x"], [f"removed {RUN_A}"], bindings) == [f"removed {A}"]


def test_merging_binds_what_stays() -> None:
    """An id that stays on the page is the one that the page shows where the run prints it again."""
    bindings = Bindings()
    assert compare.merge([A, "x"], [RUN_A, RUN_B], bindings) == [0, RUN_B]
    assert not bindings.bind("id", A, RUN_B)
    assert compare.merge([], [RUN_A], bindings) == [A]


def test_what_is_done_at_once_comes_in_any_order() -> None:
    """BuildKit's and Compose's lines about parallel work may change places, and nothing else."""
    page = [
        " => [internal] load metadata for docker.io/library/busybox:1.37      0.0s",
        " => [internal] load metadata for docker.io/library/debian:trixie     0.1s",
        " => [internal] load .dockerignore                                    0.0s",
    ]
    assert _agree("|".join(page), "|".join([page[1], page[0], page[2]]))
    assert not _agree("|".join(page), "|".join([page[0], page[2], page[1]]))
    assert not _agree("|".join(page), "|".join([page[0], page[0], page[2]]))
    up = [" ✔ Network x_default  Created  0.1s", " ✔ Container b  Started  0.4s"]
    both = [*up, " ✔ Container a  Started  0.3s"]
    assert _agree("|".join(both), "|".join([both[0], both[2], both[1]]))
    assert not _agree("|".join(both), "|".join([both[1], both[0], both[2]]))
    assert not _agree("|".join(both), "|".join(both).replace("b  Started", "b  Stopped"))
