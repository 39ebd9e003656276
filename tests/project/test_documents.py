"""README, CONTRIBUTING and the decisions: the same in both languages, and true of the project."""

from __future__ import annotations

import re
import struct
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from dockproof.directives import Directives
from tools.pages import pages

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "decisions").glob("*.md"))]


def text(name: str) -> str:
    """What a document of the project's root says."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_readmes_are_twins() -> None:
    """The READMEs have as many headings of each level, the same links and the same commands."""
    forms = []
    for name in ("README.md", "README.zh.md"):
        said = text(name).replace("README.zh.md", "README.md")
        headings = re.findall(r"^(#+) ", said, re.MULTILINE)
        fences = re.findall(r"^```.*?^```", said, re.MULTILINE | re.DOTALL)
        forms.append((headings, sorted(re.findall(r"\]\(([^)]+)\)", said)), fences))
    assert forms[0] == forms[1]
    assert forms[0][2]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """A document's links within the project lead to files that exist."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_screenshot_is_a_picture_of_some_size() -> None:
    """The READMEs' screenshot is a PNG as wide as a page's text, not an empty stand-in."""
    head = (ROOT / ".github/screenshot.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    assert (width >= 800, height >= 400) == (True, True)


def test_contributing_names_every_directive() -> None:
    """The table in CONTRIBUTING has a row for each word that a prove comment may hold."""
    table = re.findall(r"^\| `([a-z]+)", text("CONTRIBUTING.md"), re.MULTILINE)
    known = {field.name for field in fields(Directives)} - {"place", "given"}
    assert len(known) >= 8
    assert known <= set(table)


def test_decisions_have_their_three_parts() -> None:
    """Each decision says its context, the decision and its consequence, and is numbered in turn."""
    records = sorted((ROOT / "decisions").glob("*.md"))
    for number, record in enumerate(records, 1):
        said = record.read_text(encoding="utf-8")
        assert record.name.startswith(f"{number:04}-")
        assert said.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", said, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequence",
        ], record.name


def test_page_has_several_names() -> None:
    """PAGE may be a page's path or its section and stem, which stands for both languages."""
    assert pages("docs/en/images/base-image.md") == ["docs/en/images/base-image.md"]
    assert pages("images/base-image") == [
        "docs/zh/images/base-image.md",
        "docs/en/images/base-image.md",
    ]
    with pytest.raises(ValueError, match=r"^PAGE=images/no-such: no such page"):
        pages("images/no-such")


def test_version_is_in_the_changelog() -> None:
    """The changelog has a heading for the package's version, or for what comes next."""
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    heads = re.findall(r"^## \[([^]]+)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert {version, "Unreleased"} & set(heads)
