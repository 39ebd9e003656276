"""What the harness knows of a site, and what it says where that can't be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockproof import config
from dockproof.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def _site(folder: Path, table: str) -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.dockproof]\n{table}", "utf-8")
    return folder


def test_paths_are_absolute_and_have_defaults(tmp_path: Path) -> None:
    """A site that says nothing gets the usual folders, below its own."""
    site = config.load(_site(tmp_path, ""))
    assert site.docs == tmp_path / "docs"
    assert site.snippets == (tmp_path / "examples",)
    assert site.lab == tmp_path / "lab"
    assert (site.languages, site.source_language) == (("en",), "en")


def test_the_nearest_table_above_counts(tmp_path: Path) -> None:
    """A folder deep in a site finds the site's table, past a pyproject.toml without one."""
    _site(tmp_path, 'docs = "pages"\n')
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf-8")
    assert config.load(deep).docs == tmp_path / "pages"


def test_without_a_table_it_says_where_to_add_one(tmp_path: Path) -> None:
    """No table at all is one clear error."""
    with pytest.raises(ConfigError, match=r"no pyproject.toml with \[tool.dockproof\] at .*: add"):
        config.load(tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('doc = "x"\n', r"unknown key 'doc': use docs, examples"),
        ('languages = "zh"\n', "languages must be a list"),
        ("languages = []\n", "languages must be a list"),
        ('languages = ["zh"]\nsource-language = "en"\n', "'en' is not one of languages"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path: Path, table: str, message: str) -> None:
    """A wrong key or value names the file and the mend."""
    with pytest.raises(ConfigError, match=message) as raised:
        config.load(_site(tmp_path, table))
    assert str(tmp_path / "pyproject.toml") in str(raised.value)


def test_a_page_knows_its_language_and_its_twins(tmp_path: Path) -> None:
    """A page below a language's folder has one twin a language, itself included."""
    site = config.load(_site(tmp_path, 'languages = ["zh", "en"]\n'))
    page = tmp_path / "docs/en/images/base-image.md"
    assert site.language_of(page) == "en"
    assert site.twins_of(page) == {
        "zh": tmp_path / "docs/zh/images/base-image.md",
        "en": page,
    }
    assert site.language_of(tmp_path / "docs/fr/x.md") is None
    assert site.language_of(tmp_path / "README.md") is None
    assert site.twins_of(tmp_path / "README.md") == {}


def test_messages_show_paths_below_the_root_as_relative(tmp_path: Path) -> None:
    """A path below the root is shown as the reader would type it there."""
    site = config.load(_site(tmp_path, ""))
    assert str(site.shown(tmp_path / "docs/en/x.md")) == "docs/en/x.md"
    assert str(site.shown(tmp_path.parent / "x.md")) == str(tmp_path.parent / "x.md")


def test_engines_are_the_labs(tmp_path: Path) -> None:
    """The engines that a page may ask for are the rows of the lab's own file."""
    site = config.load(_site(tmp_path, ""))
    assert not site.engines
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "engines.toml").write_text("[suites.forky]\n[suites.trixie]\n", "utf-8")
    assert site.engines == ("forky", "trixie")
