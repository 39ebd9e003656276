"""Labs for the tests, on a real engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockproof.lab import LabFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockproof.lab import Lab

LAB = Path(__file__).parents[2] / "lab"


@pytest.fixture(scope="session")
def lab_dir() -> Path:
    """The lab's definition."""
    return LAB


@pytest.fixture(scope="session")
def factory(lab_dir: Path) -> Iterator[LabFactory]:
    """The way to labs, with everything prepared."""

    def say(line: str) -> None:
        print(line, file=sys.__stderr__, flush=True)  # minutes may pass

    with LabFactory(lab_dir, say) as made:
        yield made


@pytest.fixture(scope="module")
def lab(factory: LabFactory) -> Iterator[Lab]:
    """One machine, shared by the tests of a module."""
    made = factory.open()
    yield made
    made.close()
