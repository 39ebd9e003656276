"""What becomes of each fence: run, written, shown or skipped; never passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockproof import blocks, config, markdown
from dockproof.blocks import Blocks, Kind
from dockproof.errors import PageError


def _page(text: str, language: str | None = None) -> Blocks:
    return blocks.build(markdown.parse(text, Path("page.md")), language)


SESSION = "```console\n$ true\n```\n"


def test_kinds_and_counts() -> None:
    """Every fence is a session, a file, display-only, text or skipped, and counted as such."""
    page = _page(
        "# A { #a }\n"
        "```console\n$ echo a\na\n$ true\n```\n"
        '```c title="a.c"\nint x;\n```\n'
        "```text\nwords\n```\n"
        "<!-- prove: display -->\n```c\nint y;\n```\n"
        "<!-- prove: display -->\n```console\n$ not run\n```\n"
        '<!-- prove: skip="needs macOS" -->\n```console\n$ open .\n```\n'
        '<!-- prove: skip="needs Windows" -->\n```powershell\nGet-Item\n```\n'
    )
    assert [b.kind for b in page.blocks] == [
        Kind.SESSION,
        Kind.FILE,
        Kind.TEXT,
        Kind.DISPLAY,
        Kind.DISPLAY,
        Kind.SESSION,
        Kind.DISPLAY,
    ]
    assert page.counts() == {
        "session": 1,
        "file": 1,
        "text": 1,
        "display": 2,
        "skipped": 2,
        "steps": 2,
    }


def test_names_come_from_headings_and_stay_when_lines_move() -> None:
    """A block's name is the nearest heading's id and a count within it."""
    text = (
        f"{SESSION}# One {{ #one }}\n{SESSION}{SESSION}"
        '```c title="d/a.c"\n```\n'
        f"## 分层\n{SESSION}## Two words!\n{SESSION}"
    )
    names = [b.name for b in _page(text).blocks]
    assert names == ["top-1", "one-1", "one-2", "one-d/a.c", "分层-1", "two-words-1"]
    assert [b.name for b in _page(f"\nwords\n\n{text}").blocks] == names


def test_names_are_unique_even_under_headings_alike() -> None:
    """Two headings of the same name count on; a file written twice gets a number."""
    page = _page(
        f'# A\n{SESSION}# A\n{SESSION}```c title="a.c"\n1\n```\n```c title="a.c"\n2\n```\n'
    )
    names = [b.name for b in page.blocks]
    assert len(set(names)) == len(names) == 4


def test_names_are_unique_even_where_a_title_ends_as_a_count_does() -> None:
    """A file shown twice and one whose title looks like the second of them are three blocks."""
    fence = '```c title="{}"\nx\n```\n'
    page = "# A { #a }\n" + "".join(map(fence.format, ("1", "x", "x-2", "x")))
    names = [block.name for block in _page(f"{page}```console\n$ true\n```\n").blocks]
    assert names == ["a-1", "a-x", "a-x-2", "a-x-3", "a-2"]


@pytest.mark.parametrize("fence", ["```c\nint x;\n```\n", "```\nx\n```\n", "```bash\nls\n```\n"])
def test_a_fence_that_is_neither_run_nor_declared_is_an_error(fence: str) -> None:
    """The mend names each of the ways to declare it."""
    with pytest.raises(PageError) as raised:
        _page(f"{SESSION}{fence}")
    assert str(raised.value).startswith("page.md:4: the fence")
    assert "is neither run nor declared" in raised.value.what
    for way in ("console", "title=", "text", "display"):
        assert way in raised.value.mend


@pytest.mark.parametrize(
    "text", ["    $ docker ps\n", "- One:\n\n        node2$ docker ps\n", ">     $ ls\n", "$ ls\n"]
)
def test_a_command_outside_of_any_fence_is_an_error(text: str) -> None:
    """An indented block, which Markdown shows as code too, can't be published without being run."""
    with pytest.raises(PageError, match=r"^page.md:\d+: the command stands in no fence") as raised:
        _page(f"{SESSION}\n{text}")
    number = int(str(raised.value).split(":")[1])
    assert "$ " in f"{SESSION}\n{text}".splitlines()[number - 1]


@pytest.mark.parametrize(
    "text", ["It costs $ 5, or `$ 5`.\n", "    $HOME/bin\n", "```text\n$HOME\n5 $ a month\n```\n"]
)
def test_a_dollar_that_is_no_prompt_is_the_writers_own(text: str) -> None:
    """Prices and variables, in prose or in a text fence, aren't taken for commands."""
    assert _page(f"{SESSION}\n{text}").counts()["session"] == 1


def test_a_session_called_text_is_an_error() -> None:
    """Calling a session `text` doesn't get it past the harness; `display` says so to the reader."""
    text = "```text\nlike this:\n$ docker ps\n```\n"
    with pytest.raises(PageError, match=r"^page.md:6: the fence is `text`, and this line looks"):
        _page(f"{SESSION}{text}")
    shown = _page(f"{SESSION}<!-- prove: display -->\n{text}").blocks[1]
    assert shown.kind is Kind.DISPLAY


def test_a_console_fence_with_a_title_is_a_session() -> None:
    """Its title is for the reader alone."""
    (block,) = _page('```console title="Terminal"\n$ true\n```\n').blocks
    assert block.kind is Kind.SESSION
    assert [step.command for step in block.steps] == ["true"]


def test_a_skipped_session_may_be_another_systems() -> None:
    """What isn't run needs no prompt of ours, and goes on where a skipped block left off."""
    skip = '<!-- prove: skip="needs Windows"{more} -->\n```console\n{text}\n```\n\n'
    page = _page(
        skip.format(more="", text="PS C:\\> wsl --install")
        + skip.format(more=" running", text="$ sleep 100")
        + skip.format(more="", text="^C")
    )
    assert [len(block.steps) for block in page.blocks] == [0, 1, 1]
    with pytest.raises(PageError, match="the session begins with output"):
        _page(skip.format(more=" running", text="$ sleep 100") + "```console\n^C\n$ true\n```\n")
    with pytest.raises(PageError, match="the page has not asked for node2"):
        _page(skip.format(more="", text="node2$ true"))


def test_what_looks_typed_but_is_output_counts() -> None:
    """A comment is one only where something was started that one types into."""

    def key(command: str, words: str) -> str:
        return _page(f"```console\n$ {command}\n/ # ls # {words}\n```\n").blocks[0].key

    assert key("docker run -it busybox sh", "one") == key("docker run -it busybox sh", "two")
    assert key("docker start -ai web", "one") == key("docker start -ai web", "two")
    assert key("docker attach web", "one") == key("docker attach web", "two")
    assert key("printf '%s'", "one") != key("printf '%s'", "two")


@pytest.mark.parametrize("title", ["", " ", ".", "dir/", "../x", "a/../../x", "~/x", "文" * 86])
def test_a_title_that_is_no_path_is_an_error(title: str) -> None:
    """A file can be saved below the home directory or at an absolute path only."""
    with pytest.raises(PageError, match=r"is not a path that the reader could save to"):
        _page(f'{SESSION}```c title="{title}"\nx\n```\n')


def test_a_file_that_no_session_uses_is_an_error() -> None:
    """A page of files alone proves nothing."""
    with pytest.raises(PageError, match=r"page.md:1: the file is used by no session on the page"):
        _page('```c title="a.c"\nx\n```\n')


def test_a_file_is_what_the_page_shows() -> None:
    """Exactly the shown lines, one newline at the end, and none of Material's annotations."""
    page = _page(
        f'{SESSION}```c title="a.c"\n\n  int x; // (1)!\n\n\treturn; /* (2)! */\n# (3)!\n'
        "int (1)!;\n\n\n```\n"
    )
    assert page.blocks[1].content == "\n  int x;\n\n\treturn;\n\nint (1)!;\n"


def test_an_empty_file() -> None:
    """An empty fence is an empty file."""
    assert _page(f'{SESSION}```text title="a"\n```\n').blocks[1].content == ""


def test_an_included_file_is_byte_equal(tmp_path: Path) -> None:
    """What is written is the file in the examples, byte for byte."""
    content = "#!/bin/sh\n\nset -e\n\tx\n  # 注释\n"
    (tmp_path / "run.sh").write_text(content, "utf-8")
    page = markdown.parse(
        f'{SESSION}1. x\n\n    ```sh title="run.sh"\n    --8<-- "run.sh"\n    ```\n',
        Path("page.md"),
        (tmp_path,),
    )
    assert blocks.build(page).blocks[1].content == content


def test_a_running_block_lets_the_next_begin_with_a_key() -> None:
    """A block may go on in the program that an earlier one left running in its terminal."""
    page = _page(
        "<!-- prove: running -->\n```console\n$ sleep 100\n```\n"
        "<!-- prove: terminal=2 -->\n```console\n$ true\n```\n"
        "```console\n^C\n$ true\n```\n"
    )
    assert page.blocks[2].steps[0].command is None


def test_a_key_with_nothing_running_is_an_error() -> None:
    """So is a key in a terminal in which nothing runs, or after the program has been ended."""
    with pytest.raises(PageError, match=r"page.md:2: the session begins with output"):
        _page("```console\n^C\n$ true\n```\n")
    running = "<!-- prove: running -->\n```console\n$ sleep 100\n```\n"
    with pytest.raises(PageError, match=r"page.md:7: the session has no step"):
        _page(f"{running}<!-- prove: terminal=2 -->\n```console\n^C\n```\n")
    with pytest.raises(PageError, match=r"page.md:9: the session has no step"):
        _page(f"{running}```console\n^C\n```\n```console\n^C\n```\n")


def test_the_key_covers_what_is_run_and_expected_and_nothing_else() -> None:
    """Comments and prose may change; a flag, a word of output, a directive may not."""
    base = "# A\n```console\n$ docker ps -a # all\nout\n```\n"
    key = _page(base).key
    assert _page(base.replace("# all", "# 全部").replace("# A", "# 甲")).key == key
    for old, new in [
        ("-a", ""),
        ("out", "Out"),
        ("```console", "<!-- prove: exit=1 -->\n```console"),
    ]:
        assert _page(base.replace(old, new)).key != key
    skipped = '<!-- prove: skip="{}" -->\n' + SESSION + SESSION
    assert _page(skipped.format("a")).key == _page(skipped.format("b")).key
    assert _page(skipped.format("a")).key != _page(SESSION + SESSION).key
    assert _page("---\nlab: {nodes: 2}\n---\n" + base).key != key
    assert _page("---\nlab: {engine: trixie}\n---\n" + base).key != key


def test_skip_reasons_are_per_language() -> None:
    """A block skipped on one page is skipped on its twin, in the twin's words."""
    text = f'<!-- prove: skip="needs macOS" skip-zh="只在 macOS 上" -->\n{SESSION}{SESSION}'
    for language, reason in [("zh", "只在 macOS 上"), ("en", "needs macOS")]:
        page = _page(text, language)
        assert page.blocks[0].directives.skip_reason(language) == reason
        assert page.counts()["skipped"] == 1


def test_load_reads_a_page_of_a_site(tmp_path: Path) -> None:
    """A page's language comes from its folder, and messages show its path below the root."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dockproof]\nlanguages = ["zh", "en"]\n', "utf-8"
    )
    path = tmp_path / "docs/zh/a/b.md"
    path.parent.mkdir(parents=True)
    path.write_text(SESSION, "utf-8")
    page = blocks.load(path, config.load(tmp_path))
    assert (str(page.path), page.language) == ("docs/zh/a/b.md", "zh")


def test_an_engine_that_the_lab_does_not_have_is_the_pages_error(tmp_path: Path) -> None:
    """A page that asks for a misspelt engine is wrong before any lab is opened."""
    (tmp_path / "pyproject.toml").write_text("[tool.dockproof]\n", "utf-8")
    path = tmp_path / "page.md"
    path.write_text(f"---\nlab: {{engine: trixy}}\n---\n{SESSION}", "utf-8")
    site = config.load(tmp_path)
    with pytest.raises(PageError, match="an engine `trixy`, which the lab doesn't have: ask for"):
        blocks.load(path, site)
    (tmp_path / "lab").mkdir()
    engines = tmp_path / "lab" / "engines.toml"
    engines.write_text("[suites.forky]\n[suites.trixie]\n", "utf-8")
    with pytest.raises(PageError, match=r"page\.md:1: .*: use one of forky, trixie"):
        blocks.load(path, site)
    path.write_text(path.read_text("utf-8").replace("trixy", "trixie"), "utf-8")
    assert blocks.load(path, site).page.engine == "trixie"
