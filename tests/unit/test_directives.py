"""The comment above a fence: what it says, and each way to get it wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockproof import blocks, directives, markdown
from dockproof.directives import Directives
from dockproof.errors import PageError, Place
from dockproof.markdown import Comment

PLACE = Place(Path("page.md"), 7)


def _parse(body: str) -> Directives:
    return directives.parse(Comment(f"prove: {body}", 7), PLACE)


def test_without_a_comment_the_defaults_hold() -> None:
    """Status 0, 60 seconds, once, the first terminal, run."""
    given = Directives()
    assert (given.exit, given.timeout, given.retry, given.terminal) == (0, 60.0, 0.0, 1)
    assert given.skip_reason("en") is None
    assert not given.running
    assert not given.display


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("exit=1", "exit", 1),
        ("exit=0", "exit", 0),
        ("exit=255", "exit", 255),
        ("timeout=120s", "timeout", 120.0),
        ("timeout=2m", "timeout", 120.0),
        ("timeout=500ms", "timeout", 0.5),
        ("timeout=1.5s", "timeout", 1.5),
        ("retry=10s", "retry", 10.0),
        ("engine=>=27", "engine", (27,)),
        ("engine=>=28.5.2", "engine", (28, 5, 2)),
        ("terminal=2", "terminal", 2),
        ("running", "running", True),
        ("display", "display", True),
        ('skip="needs macOS"', "skip", {"": "needs macOS"}),
        ("skip=macOS", "skip", {"": "macOS"}),
        ('skip="a b" skip-zh="只在 macOS 上"', "skip", {"": "a b", "zh": "只在 macOS 上"}),
    ],
)
def test_each_directive(body: str, field: str, value: object) -> None:
    """Each directive in its forms sets what it says."""
    assert getattr(_parse(body), field) == value


def test_several_in_one_comment() -> None:
    """Directives in one comment are separated by spaces, however many."""
    given = _parse("exit=1   timeout=5s terminal=2 engine=>=27")
    assert (given.exit, given.timeout, given.terminal, given.engine) == (1, 5.0, 2, (27,))


def test_the_reason_is_in_the_pages_language() -> None:
    """The Chinese page shows the Chinese reason, every other page the general one."""
    given = _parse('skip="needs macOS" skip-zh="只在 macOS 上"')
    assert given.skip_reason("zh") == "只在 macOS 上"
    assert given.skip_reason("en") == "needs macOS"
    assert given.skip_reason(None) == "needs macOS"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("exti=1", "`exti` is not a directive: did you mean `exit`?"),
        ("timout=5s", "`timout` is not a directive: did you mean `timeout`?"),
        ("runing", "`runing` is not a directive: did you mean `running`?"),
        ("Exit=1", "`Exit` is not a directive"),
        ("nothing", "`nothing` is not a directive: use one of exit, timeout"),
        ("exit=1 exit=2", "the directive says `exit` twice: keep one"),
        ("exit=1 exit=1", "the directive says `exit` twice"),
        ("exit", "`exit` needs a value"),
        ("exit=", "not understood at `exit=`"),
        ("timeout", "`timeout` needs a value"),
        ("skip", "`skip` needs a value"),
        ("engine", "`engine` needs a value"),
        ("exit=one", "`exit=one` is not a number from 0 to 255"),
        ("exit=256", "`exit=256` is not a number from 0 to 255"),
        ("exit=-1", "`exit=-1` is not a number"),
        ("terminal=0", "`terminal=0` is not a number from 1 to 9"),
        ("timeout=60", "`timeout=60` is not a duration"),
        ("timeout=0s", "`timeout=0s` is not a duration"),
        ("timeout=5h", "`timeout=5h` is not a duration"),
        ("retry=fast", "`retry=fast` is not a duration"),
        ("engine=27", "`engine=27` is not a least version"),
        ("engine=>27", "`engine=>27` is not a least version"),
        ("engine=>=new", "`engine=>=new` is not a least version"),
        ("running=yes", "`running` takes no value"),
        ("display=1", "`display` takes no value"),
        ('skip=""', "a skip has no reason"),
        ('skip=" "', "a skip has no reason"),
        ('skip-zh="只在 macOS 上"', "`skip-zh` stands without `skip`"),
        ('skip="unclosed', "not understood at `skip="),
        ("skip=needs macOS", "`macOS` is not a directive: put the reason into quotes"),
        ("exit=1, timeout=5s", "`exit=1,` is not a number"),
        ("exit = 1", "`exit` needs a value|not understood at"),
        ("", "the directive is empty"),
        ("display exit=1", "`display` stands beside other directives"),
        ('display skip="x"', "`display` stands beside other directives"),
        ("running exit=1", "`running` and `exit` contradict"),
        ("running retry=5s", "`running` and `retry` contradict"),
    ],
)
def test_what_is_wrong_with_a_directive(body: str, message: str) -> None:
    """A directive that can't be meant names the place, what is wrong, and the mend."""
    with pytest.raises(PageError, match=message.replace("?", r"\?")) as raised:
        _parse(body)
    assert str(raised.value).startswith("page.md:7: ")
    assert raised.value.mend


def _page(comment: str, fence: str = "```console\n$ true\n```\n") -> blocks.Blocks:
    return blocks.build(markdown.parse(f"# A\n\n{comment}\n{fence}", Path("page.md")))


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- prov: exit=1 -->",
        "<!-- proove: exit=1 -->",
        "<!-- prove exit=1 -->",
        "<!-- Prove: exit=1 -->",
        "<!-- exit=1 -->",
        '<!-- skip="needs macOS" -->',
        "<!-- display -->",
        "<!-- running -->",
        "<!-- rpove: display -->",
    ],
)
def test_a_comment_that_was_meant_as_a_directive_is_an_error(comment: str) -> None:
    """A directive misspelt as a whole is not silently a comment: its block would run otherwise."""
    with pytest.raises(PageError, match=r"page.md:3: .*looks like one: begin it with `prove:`"):
        _page(comment)


@pytest.mark.parametrize(
    "comment", ["<!-- The next block shows the layers. -->", "<!-- TODO: more -->", "<!-- more -->"]
)
def test_other_comments_are_the_writers_own(comment: str) -> None:
    """A comment that says nothing to the harness is left alone."""
    assert _page(comment).blocks[0].directives == Directives()


def test_a_directive_above_no_fence_is_an_error() -> None:
    """A directive that has no effect is a mistake: a blank line or prose in between."""
    with pytest.raises(PageError, match=r"page.md:3: the directive stands above no fence"):
        _page("<!-- prove: exit=1 -->\n")
    with pytest.raises(PageError, match=r"page.md:3: the directive stands above no fence"):
        _page("<!-- prove: exit=1 -->\nwords")
    with pytest.raises(PageError, match=r"page.md:3: the directive stands above no fence"):
        _page("<!-- prove: exit=1 -->\n<!-- prove: timeout=5s -->")


@pytest.mark.parametrize(
    "text",
    [
        "Words. <!-- prove: exit=1 -->",
        "- <!-- prove: exit=1 -->",
        "<!-- prove: exit=1 --> words",
        "<!--\nprove: exit=1\n-->",
        "<!-- prove: exit=1\n-->",
    ],
)
def test_a_directive_that_would_not_be_read_is_an_error(text: str) -> None:
    """Among words or over several lines it would be passed over in silence."""
    with pytest.raises(PageError, match=r"page.md:[34]: the directive doesn't stand on a line of"):
        _page(text)


def test_prose_may_speak_of_directives() -> None:
    """In code spans, and as an ordinary word."""
    assert _page("Write `<!-- prove: exit=1 -->` above it.\n\nRuns prove: it works.\n").blocks


@pytest.mark.parametrize("directive", ["exit=1", "timeout=5s", "retry=5s", "running", "terminal=2"])
@pytest.mark.parametrize("fence", ["```text\nx\n```\n", '```c title="a.c"\nx\n```\n'])
def test_a_sessions_directive_above_another_fence_is_an_error(directive: str, fence: str) -> None:
    """What can only hold for a session stands above sessions only."""
    with pytest.raises(PageError, match=r"page.md:3: .* stands above a fence that isn't a session"):
        _page(f"<!-- prove: {directive} -->", fence)
