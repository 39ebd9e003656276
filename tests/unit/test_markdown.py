"""Pages cut into headings, fences and comments, as MkDocs would see them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockproof import markdown
from dockproof.errors import PageError

if TYPE_CHECKING:
    from dockproof.markdown import Fence, Page

SHOWN = Path("docs/en/page.md")


def _parse(text: str, *snippets: Path) -> Page:
    return markdown.parse(text, SHOWN, snippets)


def _only(text: str) -> Fence:
    (fence,) = _parse(text).fences
    return fence


def _body(fence: Fence) -> list[str]:
    return [line.text for line in fence.body]


def _file(fence: Fence) -> list[str]:
    """Return the lines without the blank one that the include extension adds at the end."""
    return [line for line in _body(fence) if line]


@pytest.mark.parametrize(
    ("info", "language", "title"),
    [
        ("console", "console", None),
        (" console", "console", None),
        ("", "", None),
        ('c title="dir/hello.c"', "c", "dir/hello.c"),
        ("c title='dir/hello.c'", "c", "dir/hello.c"),
        ('dockerfile title="Dockerfile" linenums="1" hl_lines="2 3"', "dockerfile", "Dockerfile"),
        ('{ .console title="x" }', "console", "x"),
        ('{.python .annotate title="app.py"}', "python", "app.py"),
        ('python { .annotate title="app.py" }', "python", "app.py"),
        ("c++", "c++", None),
        ("objective-c", "objective-c", None),
    ],
)
def test_info_strings(info: str, language: str, title: str | None) -> None:
    """A fence's language and title are read in each of the forms that MkDocs takes."""
    fence = _only(f"```{info}\n$ echo\n```\n")
    assert (fence.language, fence.title) == (language, title)


@pytest.mark.parametrize("info", ['console title="x', "console {title", "=x"])
def test_an_info_string_that_is_not_understood_is_an_error(info: str) -> None:
    """An info string that MkDocs would not take names its line."""
    with pytest.raises(PageError) as raised:
        _parse(f"# A\n\n```{info}\n$ echo\n```\n")
    assert raised.value.place.line == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1. First:\n\n    ```console\n    $ echo a\n      b\n\n    c\n    ```\n", 3),
        ("* a\n    * b\n\n\t\t```console\n\t\t$ echo a\n\t\t  b\n\n\t\tc\n\t\t```\n", 4),
        ("!!! note\n\n    ```console\n    $ echo a\n      b\n\n    c\n    ```\n", 3),
        ('=== "Linux"\n\n    ```console\n    $ echo a\n      b\n\n    c\n    ```\n', 3),
        ("> ```console\n> $ echo a\n>   b\n>\n> c\n> ```\n", 1),
        ("- a\n\n\t```console\n\t$ echo a\n\t  b\n\n\tc\n\t```\n", 3),
        ("~~~console\n$ echo a\n  b\n\nc\n~~~\n", 1),
        ("````console\n$ echo a\n  b\n\nc\n````\n", 1),
    ],
    ids=["list", "nested list", "admonition", "tab", "quote", "tab character", "tildes", "four"],
)
def test_fences_stand_anywhere(text: str, number: int) -> None:
    """Wherever a fence stands, its lines come without the fence's indentation, and no other."""
    fence = _only(text)
    assert fence.number == number
    assert fence.language == "console"
    assert _body(fence) == ["$ echo a", "  b", "", "c"]
    assert [line.number for line in fence.body] == list(range(number + 1, number + 5))


def test_a_fence_holds_shorter_fences_and_the_other_kind() -> None:
    """A fence ends with its own mark alone."""
    fence = _only("````text\n```console\n$ a\n```\n~~~\n````\n")
    assert _body(fence) == ["```console", "$ a", "```", "~~~"]


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\n```console\n$ echo\n",
        "# A\n\n```console\n$ echo\n~~~\n",
        "# A\n\n````console\n$ echo\n```\n",
        "# A\n\n    ```console\n    $ echo\n```\n",
        "# A\n\n~~~console\n$ echo\n",
    ],
)
def test_an_unclosed_fence_is_an_error_where_it_opens(text: str) -> None:
    """What is wrong, where, and the mend."""
    with pytest.raises(PageError, match=r"^docs/en/page.md:3: the fence is never closed: close it"):
        _parse(text)


def test_a_fence_on_a_list_items_own_line_is_an_error() -> None:
    """MkDocs wouldn't see such a fence, so it would not be run either: say so."""
    with pytest.raises(PageError, match=r"page.md:1: a fence opens on a list item"):
        _parse("- ```console\n  $ echo\n  ```\n")


def test_headings_with_and_without_ids() -> None:
    """A heading has its level, its title, its explicit id and its line."""
    page = _parse(
        "# 分层 { #layers }\n\n## Plain\n\n### Both {#a-b .c}\n#### Closed ####\n"
        "```text\n# not a heading\n```\n#hash\n"
    )
    assert [(h.level, h.title, h.id, h.number) for h in page.headings] == [
        (1, "分层", "layers", 1),
        (2, "Plain", None, 3),
        (3, "Both", "a-b", 5),
        (4, "Closed", None, 6),
    ]


def test_headings_in_other_forms() -> None:
    """Underlined headings and those in HTML count, where Python-Markdown sees them."""
    page = _parse(
        "Title { #title }\n=====\n\nPart\n---\nwords\n---\n\n---\n\n- item\n\n---\n\n"
        "```text\nx\n```\n---\n\n| a |\n|---|\n\nTwo\nlines\n---\n\n"
        '<h3 class="x" id="raw">Raw</h3>\n\n<H2>Bare</H2>\n\n<hr>\n\n'
        "```text\nz\n```\nno\n---\n# Last\nEnd {: #end }\n---\n"
    )
    assert [(h.level, h.title, h.id, h.number) for h in page.headings] == [
        (1, "Title", "title", 1),
        (2, "Part", None, 4),
        (2, "words", None, 6),
        (3, "Raw", "raw", 27),
        (2, "Bare", None, 29),
        (1, "Last", None, 38),
        (2, "End", "end", 39),
    ]


def test_a_fence_knows_the_nearest_heading_and_the_comment_directly_above() -> None:
    """Only a comment on the very line above is the fence's; others are loose."""
    page = _parse(
        "# A { #a }\n<!-- prove: exit=1 -->\n\n```text\n```\n## B { #b }\n"
        "<!-- prove: exit=2 -->\n```text\n```\n"
    )
    first, second = page.fences
    assert first.comment is None
    assert second.comment is not None
    assert second.comment.body == "prove: exit=2"
    assert [f.heading.id for f in page.fences if f.heading] == ["a", "b"]
    assert [(c.body, c.number) for c in page.loose] == [("prove: exit=1", 2)]


def test_an_indented_directive_belongs_to_its_indented_fence() -> None:
    """In a list, the comment stands as far in as its fence."""
    page = _parse("1. x\n\n    <!-- prove: exit=1 -->\n    ```console\n    $ false\n    ```\n")
    assert page.fences[0].comment is not None
    assert page.loose == ()


def test_front_matter_and_nodes() -> None:
    """Front matter isn't prose, and says how many nodes the page asks for."""
    page = _parse("---\ntitle: X\nlab: {nodes: 2}\n---\n# A\n")
    assert page.nodes == 2
    assert page.meta["title"] == "X"
    assert page.headings[0].number == 5
    assert page.engine == ""
    assert _parse("# A\n").nodes == 1
    assert _parse("---\nlab: {engine: trixie}\n---\n").engine == "trixie"


@pytest.mark.parametrize(
    "lab",
    [
        *("2", "{nodes: 0}", "{nodes: 10}", "{nodes: two}", "{node: 2}", "[2]", "{nodes: true}"),
        *("{engine: 27}", "{engine: ''}", "{engine: [trixie]}"),
    ],
)
def test_a_lab_that_is_not_understood_is_an_error(lab: str) -> None:
    """A misspelt or impossible lab names the page."""
    with pytest.raises(PageError, match=r"page.md:1: the front matter's `lab` is not understood"):
        _ = _parse(f"---\nlab: {lab}\n---\n").nodes


@pytest.mark.parametrize("line", ["labs: {nodes: 2}", "Lab: 2", "machines: {nodes: 2}", "labs: x"])
def test_a_misspelt_lab_is_an_error(line: str) -> None:
    """A page that asks for machines by another word doesn't silently get one."""
    with pytest.raises(PageError, match=r"page.md:1: the front matter's `\w+` is not understood"):
        _ = _parse(f"---\n{line}\n---\n").nodes
    assert _parse("---\nlabel: x\nhide: [toc]\nsearch: {boost: 2}\n---\n").nodes == 1


def test_front_matter_that_is_not_yaml_is_an_error_at_its_line() -> None:
    """The line is the page's own."""
    with pytest.raises(PageError, match=r"the front matter is not YAML") as raised:
        _parse("---\ntitle: X\nlab: {nodes\n---\n")
    assert raised.value.place.line in {3, 4}
    with pytest.raises(PageError, match=r"not YAML: mend it \(month must be in 1..12\)"):
        _parse("---\ndate: 2026-99-99\n---\n")
    with pytest.raises(PageError, match=r"not a mapping"):
        _parse("---\n- a\n---\n")


def test_a_page_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    """A page in another encoding is one clear error."""
    path = tmp_path / "x.md"
    path.write_bytes("# 分层\n".encode("gb18030"))
    with pytest.raises(PageError, match=r"not UTF-8 at byte 2: save the page as UTF-8"):
        markdown.read(path, SHOWN, ())


def test_a_page_with_windows_newlines_and_a_byte_order_mark(tmp_path: Path) -> None:
    """An editor's newlines and mark don't change what is read."""
    path = tmp_path / "x.md"
    path.write_bytes(b"\xef\xbb\xbf# A { #a }\r\n\r\n```console\r\n$ echo a\r\na\r\n```\r\n")
    page = markdown.read(path, SHOWN, ())
    assert page.headings[0].id == "a"
    assert _body(page.fences[0]) == ["$ echo a", "a"]


@pytest.fixture
def snippets(tmp_path: Path) -> Path:
    """A folder of files to include."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/hello.c").write_text("int main(void) {\n    return 0;\n}\n", "utf-8")
    (tmp_path / "app/parts.py").write_text(
        "# --8<-- [start:one]\nfirst = 1\n# --8<-- [end:one]\n"
        "if True:\n    # --8<-- [start:two]\n    second = 2\n    # --8<-- [end:two]\n",
        "utf-8",
    )
    return tmp_path


def test_an_include_is_expanded_and_keeps_the_pages_line(snippets: Path) -> None:
    """The lines of an included file stand in the fence, with the number of the including line."""
    page = _parse('# A\n\n```c title="hello.c"\n--8<-- "app/hello.c"\n```\n\n# B\n', snippets)
    (fence,) = page.fences
    assert _file(fence) == ["int main(void) {", "    return 0;", "}"]
    assert {line.number for line in fence.body} == {4}
    assert page.headings[1].number == 7


def test_includes_in_an_indented_fence(snippets: Path) -> None:
    """An indented include is indented line by line, and the fence takes that away again."""
    page = _parse('1. x\n\n    ```c\n    --8<-- "app/hello.c"\n    ```\n', snippets)
    assert _file(page.fences[0]) == ["int main(void) {", "    return 0;", "}"]


@pytest.mark.parametrize(
    ("include", "lines"),
    [
        ('--8<-- "app/hello.c:1:2"', ["int main(void) {", "    return 0;"]),
        ('--8<-- "app/hello.c:2"', ["    return 0;", "}"]),
        ('--8<-- "app/parts.py:one"', ["first = 1"]),
        ('--8<-- "app/parts.py:two"', ["second = 2"]),
        ("--8<--\napp/hello.c:3:3\napp/parts.py:one\n--8<--", ["}", "first = 1"]),
    ],
)
def test_parts_of_files(snippets: Path, include: str, lines: list[str]) -> None:
    """Line ranges, sections and blocks of includes come out as in MkDocs."""
    page = _parse(f"```text\n{include}\n```\n", snippets)
    assert _file(page.fences[0]) == lines


def test_an_escaped_include_stands_as_it_is(snippets: Path) -> None:
    """`;--8<--` shows the notation itself."""
    page = _parse('```text\n;--8<-- "app/hello.c"\n```\n', snippets)
    assert _body(page.fences[0]) == ['--8<-- "app/hello.c"']


@pytest.mark.parametrize(
    "include",
    ['--8<-- "app/nothing.c"', '--8<-- "app/parts.py:three"', "--8<--\napp/nothing.c\n--8<--"],
)
def test_a_missing_include_is_an_error_at_its_line(snippets: Path, include: str) -> None:
    """A file or a section that isn't there names the line and the mend."""
    with pytest.raises(
        PageError, match=r"the include can't be read: .*: correct the path"
    ) as raised:
        _parse(f"# A\n\n```text\n{include}\n```\n", snippets)
    assert raised.value.place.line == 4
