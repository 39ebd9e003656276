"""A page and its twin: every difference that matters is found, once, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dockproof import cli, links, twins
from dockproof.config import Config
from dockproof.markdown import Line

SAMPLES = Path(__file__).parents[1] / "samples" / "twins"
PAGE = Path("x", "page.md")


def _config(docs: Path) -> Config:
    return Config(docs, docs, ("zh", "en"), "zh", docs, (), docs, docs / "ledger.json")


def _compare(docs: Path) -> list[str]:
    return twins.differences(docs / "zh" / PAGE, _config(docs))


@pytest.mark.parametrize("defect", sorted(path.name for path in SAMPLES.iterdir()))
def test_each_defect_is_reported_once_with_both_places(defect: str) -> None:
    """A defect gives its own message and no other: where on both sides, what, and what to do."""
    expected = (SAMPLES / defect / "expected.txt").read_text("utf-8")
    assert "".join(f"{text}\n" for text in _compare(SAMPLES / defect)) == expected
    assert bool(expected) == (defect != "sound")


def _lines_in_fences() -> list[int]:
    lines = (SAMPLES / "sound" / "en" / PAGE).read_text("utf-8").split("\n")
    inside = False
    found = []
    for index, line in enumerate(lines):
        if line.strip().startswith("```"):
            inside = not inside
        elif inside:
            found.append(index)
    return found


@pytest.mark.parametrize("index", _lines_in_fences())
def test_any_line_of_any_block_counts(index: int, tmp_path: Path) -> None:
    """A word more on any one line of any block is one difference, at that very line."""
    shutil.copytree(SAMPLES / "sound", tmp_path, dirs_exist_ok=True)
    page = tmp_path / "en" / PAGE
    lines = page.read_text("utf-8").split("\n")
    words = lines[index].split()
    lines[index] = lines[index].replace(words[-1], f"more {words[-1]}", 1)
    if "#" in words:  # a comment may differ, what stands before it not
        lines[index] = lines[index].replace("more ", "").replace(" #", "more  #", 1)
    page.write_text("\n".join(lines), "utf-8")
    (text,) = _compare(tmp_path)
    assert f" and en/x/page.md:{index + 1}: " in text


def test_comment_in_output_counts(tmp_path: Path) -> None:
    """Output that looks like a prompt with a comment behind it is compared to its end."""
    text = "# Page { #page }\n\n```console\n$ cat notes\n# one  # two\n> a # b\n```\n"
    for language, end in (("zh", "b"), ("en", "c")):
        page = tmp_path / language / PAGE
        page.parent.mkdir(parents=True)
        page.write_text(text.replace("> a # b", f"> a # {end}"), "utf-8")
    (text,) = _compare(tmp_path)
    assert "the output differs" in text


def test_here_document_counts(tmp_path: Path) -> None:
    """What looks like a comment in a here-document is part of the file that the reader types."""
    text = "# Page { #page }\n\n```console\n$ cat >a <<EOF # 注释\n> # 一\n> b\n> EOF\n```\n"
    for language in ("zh", "en"):
        page = tmp_path / language / PAGE
        page.parent.mkdir(parents=True)
        page.write_text(text, "utf-8")
    page.write_text(text.replace("# 注释", "# words"), "utf-8")
    assert _compare(tmp_path) == []
    page.write_text(text.replace("# 一", "# one"), "utf-8")
    assert "a command differs" in _compare(tmp_path)[0]


def test_title_alike_in_both_languages_needs_no_id(tmp_path: Path) -> None:
    """Headings without an id agree where their titles are the same, since then so is the anchor."""
    for language in ("zh", "en"):
        page = tmp_path / language / PAGE
        page.parent.mkdir(parents=True)
        page.write_text("# BuildKit\n", "utf-8")
    assert _compare(tmp_path) == []
    page.write_text("# 构建\n", "utf-8")
    assert [text.split(": ")[1] for text in _compare(tmp_path)] == [
        'the heading "BuildKit" has no id',
        'the heading "构建" has no id',
    ]


def test_a_page_that_only_another_language_has_is_found(tmp_path: Path) -> None:
    """All pages are compared, those too that the source language lacks."""
    page = tmp_path / "en" / PAGE
    page.parent.mkdir(parents=True)
    page.write_text("# Page { #page }\n", "utf-8")
    assert twins.pages(_config(tmp_path)) == [page]
    (text,) = twins.differences(page, _config(tmp_path))
    assert text.startswith("en/x/page.md:1: the page has no twin in zh: write zh/x/page.md")


def test_command_line_compares_all_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`dockproof twins` reports every page's differences, counts them, and fails."""
    shutil.copytree(SAMPLES / "heading-level", tmp_path / "docs")
    (tmp_path / "pyproject.toml").write_text('[tool.dockproof]\nlanguages = ["zh", "en"]\n')
    monkeypatch.chdir(tmp_path)
    assert cli.main(["twins"]) == 1
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith("docs/zh/x/page.md:43 and docs/en/x/page.md:47: the heading #run is of")
    assert last == "1 pages compared with their twins: 1 differences"


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("[a](b.md) and ![c](d.svg)", ["b.md", "d.svg"]),
        ('[a](b.md "a title") [c](<d e.md>)', ["b.md", "d e.md"]),
        ("[![picture](a.svg)](b.md)", ["a.svg", "b.md"]),
        ("[over\ntwo lines](b.md)", ["b.md"]),
        ("[a](https://example.org/b_(c))", ["https://example.org/b_(c)"]),
        (
            "<https://example.org> <mailto:a@example.org>",
            ["https://example.org", "mailto:a@example.org"],
        ),
        ("[a][b] and [B][] and [b]\n\n[b]: c.md", ["c.md", "c.md", "c.md"]),
        ('<a class="x" href="b.md">c</a>', ["b.md"]),
        ("<A HREF='b.md'>c</A> <a href=https://a.org>d</a>", ["b.md", "https://a.org"]),
        ('<img src="a picture.svg"><a href="b.md">c</a>', ["a picture.svg", "b.md"]),
        ("[x](b.md (a title))", ["b.md"]),
        ("`[a](b.md)` and ``[`a](b.md)``", []),
        ("<!-- [a](b.md) -->", []),
        ("words[^1] in [brackets]\n\n[^1]: a note", []),
        (r"\[a\](b.md)", []),
    ],
)
def test_links_in_every_form(text: str, targets: list[str]) -> None:
    """Each form of link and image gives its target, code and comments none."""
    lines = [Line(line, number) for number, line in enumerate(text.split("\n"), 1)]
    assert [link.target for link in links.find(lines)] == targets


def test_other_machines_are_a_difference(tmp_path: Path) -> None:
    """A page that asks for another engine than its twin is told so, with both."""
    (tmp_path / "engines.toml").write_text("[suites.trixie]\n", "utf-8")
    for language, lab in (("zh", "engine: trixie, nodes: 2"), ("en", "nodes: 2")):
        page = tmp_path / language / PAGE
        page.parent.mkdir(parents=True)
        text = f"---\nlab: {{{lab}}}\n---\n# Page {{ #page }}\n\n```console\n$ true\n```\n"
        page.write_text(text, "utf-8")
    (text,) = _compare(tmp_path)
    assert "the front matter asks for 2 nodes of trixie, there for 2 nodes: write" in text
