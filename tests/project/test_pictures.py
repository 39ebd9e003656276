"""Pictures that are drawn from what a page shows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("language", ["zh", "en"])
def test_cpu_chart_is_drawn_from_the_figures_on_its_page(tmp_path: Path, language: str) -> None:
    """The page's own script makes the published chart from the seconds that the page shows."""
    folder = ROOT / "docs" / language / "limits"
    text = (folder / "cpu.md").read_text("utf-8")
    for name in ("alone", "together"):
        shown = re.search(
            rf"^\$ sh measure\.sh .*\| tee {name}\n((?:share-.*\n)+)", text, re.MULTILINE
        )
        assert shown
        (tmp_path / name).write_text(shown[1], "utf-8")
    script = ROOT / "examples" / "limits" / "cpu" / "chart.awk"
    drawn = subprocess.run(
        ["awk", "-f", str(script), "alone", "together"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert drawn.stdout == (folder / "cpu-shares.svg").read_text("utf-8")
