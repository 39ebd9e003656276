"""The command line: what it says and how it ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dockproof import cli, config
from dockproof.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "# A { #a }\n\n```console\n$ true\n```\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site of two pages, the working directory its root."""
    (tmp_path / "pyproject.toml").write_text('[tool.dockproof]\nlanguages = ["zh", "en"]\n')
    for language in ("zh", "en"):
        folder = tmp_path / "docs" / language / "images"
        folder.mkdir(parents=True)
        (folder / "one.md").write_text(SESSION)
        (folder / "two.md").write_text(SESSION)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_twins_that_agree(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All pages are compared, and the count says so."""
    assert site.is_dir()
    assert cli.main(["twins"]) == 0
    assert "2 pages compared with their twins: 0 differences" in capsys.readouterr().err


def test_twins_that_differ(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed flag is one difference, with its place on both sides."""
    (site / "docs/en/images/two.md").write_text(SESSION.replace("$ true", "$ true -x"))
    assert cli.main(["twins"]) == 1
    said = capsys.readouterr().err
    assert "docs/zh/images/two.md:4" in said
    assert "docs/en/images/two.md:4" in said
    assert cli.main(["twins", "docs/zh/images/one.md"]) == 0


@pytest.mark.parametrize(
    "name", ["docs/zh/images/one.md", "docs/zh/images/one", "images/one", "./docs/zh/images/one.md"]
)
def test_a_page_is_named_by_its_path_or_its_stem(site: Path, name: str) -> None:
    """`make prove PAGE=images/one` and a path both work."""
    assert cli.main(["twins", name]) == 0
    assert site.is_dir()


def test_a_page_that_is_not_there(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Says how to name one, and ends with 2."""
    assert site.is_dir()
    assert cli.main(["accept", "images/three"]) == 2
    assert "there is no page images/three: name a file" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="there is no page"):
        cli.find(site / "x", config.load(site))


def test_a_page_that_cannot_be_read(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One message with the place, and no traceback."""
    (site / "docs/zh/images/one.md").write_text("```console\n$ true\n")
    assert cli.main(["accept", "images/one"]) == 2
    assert "docs/zh/images/one.md:1: the fence is never closed" in capsys.readouterr().err


def test_outside_a_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Says what is missing."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["twins"]) == 2
    assert "no pyproject.toml with [tool.dockproof]" in capsys.readouterr().err


def test_without_a_command_it_says_how_to_use_it() -> None:
    """As a program, it has help and a status of 2 for wrong use."""
    done = subprocess.run(
        [sys.executable, "-m", "dockproof"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage: dockproof" in done.stderr
    assert "accept" in done.stderr


@pytest.mark.parametrize("nodes", ["0", "-1", "10", "two", "9" * 30])
def test_a_lab_has_one_to_nine_machines(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Any other number is refused before anything is started."""
    with pytest.raises(SystemExit):
        cli.main(["lab", "shell", f"--nodes={nodes}"])
    assert "say 1 to 9 machines, as in NODES=2" in capsys.readouterr().err
