"""Which pages still hold by what this checkout has run itself, and which have to be run.

A page holds for a day from when its blocks were proved, as long as nothing has changed that went
into that: what its blocks run, write and expect, the harness, the lab. The checkout's own records
keep the last two in a word, their `identity` (:class:`dockproof.ledger.Facts`); a page that has
failed since loses it. Records that came with the repository have none, so that a fresh clone runs
every page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dockproof import blocks, ledger, twins
from dockproof.errors import PageError
from dockproof.identity import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from dockproof.blocks import Blocks
    from dockproof.config import Config

FRESH = timedelta(days=1)
"""How long a proof stands in for a run: packages and images that pages fetch change by the day."""


def pages(
    site: Config,
    labs: Callable[[Collection[str]], Mapping[str, str]],
    now: datetime | None = None,
) -> tuple[list[Path], list[Path]]:
    """Tell the pages that have to be run from those that hold.

    Args:
        site: The site.
        labs: Gives the identities of the labs that pages ask for: of rows of `engines.toml`, "" for
            the default.
        now: The time, UTC; None: the clock's.

    Returns:
        The pages to be run and those that hold, each with its twins. One that can't be read is to
        be run, which says why.

    Raises:
        LedgerError: This checkout's ledger is none.
    """
    since = ledger.stamp((now or datetime.now(UTC)) - FRESH)
    known = {
        (record.key, record.lab.identity)
        for record in ledger.read(ledger.local(site))
        if record.lab.identity and record.date >= since
    }
    read = {tuple(site.twins_of(page).values()): _read(page, site) for page in twins.pages(site)}
    found = labs({page.page.engine for versions in read.values() for page in versions})
    to_run: list[Path] = []
    holding: list[Path] = []
    for paths, versions in read.items():
        holds = versions and all(
            (key, identity(found[page.page.engine])) in known
            for page in versions
            for key in ledger.keys(page)
            if key
        )
        (holding if holds else to_run).extend(path for path in paths if path.is_file())
    return to_run, holding


def _read(path: Path, site: Config) -> list[Blocks]:
    """Read a page and its twins; none if one of them can't be read."""
    try:
        return [blocks.load(twin, site) for twin in site.twins_of(path).values()]
    except (OSError, PageError):
        return []
