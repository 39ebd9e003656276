"""The builds: strict, whole or not at all, and lean without losing anything."""

from __future__ import annotations

import re
import runpy
from typing import TYPE_CHECKING

import pytest

from dockproof.config import load
from dockproof.site import SiteError, build
from tests.site.conftest import ROOT, sample_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one page in each language, built once."""
    for language in ("zh", "en"):
        (tmp_path / "docs" / language).mkdir(parents=True)
        page(tmp_path, language).write_text("# Page\n\nThe first version.\n")
    build(load(sample_project(tmp_path, tmp_path / "docs")), tmp_path / "site")
    return tmp_path


def page(project: Path, language: str) -> Path:
    """Return the project's page in ``language``."""
    return project / "docs" / language / "index.md"


def test_failed_build_says_why_and_keeps_the_earlier_site(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Broken links, anchors and includes fail a build, and the site built before stays."""
    page(project, "en").write_text(
        "# Page\n\nThe second version.\n\n[a](missing.md) [b](#no-such-section) [c](/absolute/)\n"
    )
    page(project, "zh").write_text('# Page\n\n--8<-- "no/such/file"\n')
    with pytest.raises(SiteError) as failure:
        build(load(project), project / "site")
    assert "en: mkdocs.en.yml: Aborted with 3 warnings in strict mode" in str(failure.value)
    assert re.search(r"^zh: mkdocs\.yml: .*no/such/file", str(failure.value), re.MULTILINE)
    said = capfd.readouterr().err
    for mistake in ("missing.md", "#no-such-section", "/absolute/"):
        assert mistake in said
    assert "The first version." in (project / "site" / "en" / "index.html").read_text("utf-8")
    assert [path.name for path in project.iterdir() if path.name.startswith(".")] == []


def test_interrupted_build_leaves_nothing_in_the_way(project: Path) -> None:
    """A build succeeds over what a killed one left half done."""
    for left in (".site.partial", ".site.previous"):
        (project / left / "zh").mkdir(parents=True)
    build(load(project), project / "site")
    assert [path.name for path in project.iterdir() if path.name.startswith(".")] == []


def test_pruning_keeps_what_can_apply() -> None:
    """Rules go only when a class they need is on no page; all else stays in order."""
    prune = runpy.run_path(str(ROOT / "hooks" / "lean.py"))["prune"]
    css = (
        '@charset "utf-8";a{b:c}.used,.unused{x:y}.unused>p{x:y}'
        ".used:not(.unused){x:y}:is(.unused,.used) p{x:y}"
        "@media print{.unused{x:y}.used{x:y}}@media screen{.unused{x:y}}"
        '@keyframes k{0%{x:y}}[data-md-color-primary=used]{x:y}[data-md-color-primary="gone"]{x:y}'
        '.used::after{content:"},.unused{";background:url(\'data:image/svg+xml,<a b="{"/>\')}'
    )
    assert prune(css, {"used"}) == (
        '@charset "utf-8";a{b:c}.used{x:y}'
        ".used:not(.unused){x:y}:is(.unused,.used) p{x:y}"
        "@media print{.used{x:y}}"
        "@keyframes k{0%{x:y}}[data-md-color-primary=used]{x:y}"
        '.used::after{content:"},.unused{";background:url(\'data:image/svg+xml,<a b="{"/>\')}'
    )
