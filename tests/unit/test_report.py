"""The text that says what failed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from dockproof import blocks, compare, markdown, report
from dockproof.bindings import Bindings, Substitution
from dockproof.results import BlockResult, Status, StepResult

TEXT = """\
# Page { #page }

## Networks { #networks }

```console
$ docker ps \\
    -a # all of them
one
…
three
$ docker rm 3f
3f
```
"""


def _page(text: str = TEXT) -> blocks.Blocks:
    return blocks.build(markdown.parse(text, Path("docs/en/page.md")))


def _failure(page: blocks.Blocks, *steps: StepResult, other: blocks.Blocks | None = None) -> str:
    result = BlockResult((other or page).blocks[0], list(steps))
    return report.failure(result, page, page.blocks[0])


def _step(page: blocks.Blocks, index: int, actual: list[str], **more: object) -> StepResult:
    step = page.blocks[0].steps[index]
    expected = [line.text for line in step.expected]
    merged = tuple(compare.merge(expected, actual, Bindings()))
    result = StepResult(step, Status.OUTPUT, tuple(expected), tuple(actual), merged, exit=0)
    return replace(result, **more)  # type: ignore[arg-type]


def test_a_wrong_output() -> None:
    """Place, heading, the command with its continuation and comment, statuses, and the diff."""
    page = _page()
    assert _failure(page, _step(page, 0, ["one", "x", "y", "four"])) == (
        "docs/en/page.md:6: the output differs\n"
        "  under: ## Networks (#networks)\n"
        "  step:  $ docker ps \\\n"
        "             -a # all of them\n"
        "  exit:  expected 0, actual 0\n"
        "  --- docs/en/page.md (the page)\n"
        "  +++ this run\n"
        "  @@ -8,3 +8,3 @@\n"
        "   one\n"
        "   …\n"
        "  -three\n"
        "  +four"
    )


def test_a_wrong_status_shows_what_was_printed() -> None:
    """Where the output holds and the status doesn't, the output's end is shown."""
    page = _page()
    text = _failure(page, _step(page, 0, ["one", "why", "three"], status=Status.EXIT, exit=125))
    assert "  exit:  expected 0, actual 125" in text
    assert "why" in text
    assert "@@" not in text


def test_words_that_were_run_as_others_are_named() -> None:
    """Whoever wants to repeat a step by hand needs the run's ids."""
    page = _page()
    made = (Substitution("3f", "8d2f2919c933"),)
    text = _failure(page, _step(page, 1, ["no"], substitutions=made))
    assert "docs/en/page.md:11: the output differs" in text
    assert "  run as: `3f` was 8d2f2919c933" in text


def test_a_long_difference_is_cut() -> None:
    """It says how much more there is, instead of filling the reader's terminal."""
    page = _page()
    text = _failure(page, _step(page, 1, [str(n) for n in range(20_000)]))
    assert len(text.splitlines()) < 220
    assert re.search(r"\n  … and \d+ more lines$", text)


def test_blocked_steps_are_counted_not_listed() -> None:
    """One failure and how many steps it keeps from being run."""
    page = _page()
    text = _failure(
        page,
        _step(page, 0, [], status=Status.TIMEOUT, exit=None, detail="after 60 s"),
        StepResult(page.blocks[0].steps[1], Status.BLOCKED),
    )
    assert text.startswith("docs/en/page.md:6: it didn't end in time: after 60 s\n")
    assert text.endswith("1 later step of this block blocked by it")
    assert "page.md:11" not in text


def test_a_twins_failure_names_the_twins_own_lines() -> None:
    """One run proves both pages; each reports its own place and heading."""
    ran = _page()
    twin = _page("words\n\n" + TEXT.replace("Networks", "网络").replace("all of them", "全部"))
    text = _failure(twin, _step(ran, 0, ["two"]), other=ran)
    assert text.startswith("docs/en/page.md:8: the output differs\n  under: ## 网络 (#networks)")
    assert "全部" in text
    assert "@@ -10,3" in text


def test_two_failures_of_one_block() -> None:
    """Each has its own paragraph."""
    page = _page()
    text = _failure(page, _step(page, 0, ["x"]), _step(page, 1, ["y"]))
    assert [part.split(":")[1] for part in text.split("\n\n")] == ["6", "11"]


def test_a_difference_is_always_shown() -> None:
    """Where putting the page's ids back hides the difference, the run's own lines are shown."""
    page = _page()
    step = replace(_step(page, 1, ["8d2f2919c933"]), merged=(0,))
    assert _failure(page, step).endswith("-3f\n  +8d2f2919c933")
