"""Sizes, which must be within a tenth of the page's."""

from __future__ import annotations

import re

from dockproof.volatile.rule import Rule

_SIZE = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?) ?(?P<unit>[A-Za-z]*)")
_UNITS = {
    "": 1,
    "b": 1,
    "bytes": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "k": 2**10,
    "m": 2**20,
    "g": 2**30,
    "t": 2**40,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
TOLERANCE = 0.10
"""The part of the page's size by which a run's may differ."""


def in_bytes(text: str) -> float:
    """Return a size such as ``857kB`` in bytes.

    ``kB``, ``MB`` count in thousands as Docker prints them; ``K``, ``M`` (coreutils) and ``KiB``,
    ``MiB`` in units of 1,024. apt parts thousands by commas.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return float(match["number"].replace(",", "")) * _UNITS[match["unit"].lower()]


def _near(page: str, run: str) -> bool:
    expected = in_bytes(page)
    return _unit(page) == _unit(run) and abs(in_bytes(run) - expected) <= TOLERANCE * expected


def _unit(text: str) -> str:
    """Return how a size is written, apart from how large it is: `kB` and `MB` are of one kind."""
    return re.sub(r"[\d.,]+|[kMGT](?=i?B)|[KMGT]$", "", text)


RULES = (
    Rule(
        name="speed",
        reason="how quickly a download goes depends on the network",
        # apt's `Fetched 9,532 kB in 1s (8,123 kB/s)`, wget's `(1.23 MB/s)`.
        page=(
            r"(?<= in )(?:\d+min )?\d+s \(\d[\d,.]* [kMG]?B/s\)"
            r"|(?<= \()\d[\d.]* [KMG]?B/s(?=\) - )"
        ),
        sample=("Fetched 85 kB in 1s (64.2 kB/s)", "Fetched 85 kB in 12s (7,012 B/s)"),
        near_miss=("Fetched 85 kB in 1s (64.2 kB/s)", "Fetched 35 kB in 1s (64.2 kB/s)"),
    ),
    Rule(
        name="size",
        reason="compilers and packages move on",
        page=(
            # Not the limit in `40.4MiB / 64MiB`, which is the reader's.
            r"(?<![\w.,-])(?<!iB / )(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?) ?(?:[kKMGT]i?B|B)(?!\w)"
            r"|(?<![\w./:-])\d+(?:\.\d+)?[kKMGT](?![\w.])"
        ),
        sample=("you/hello   latest   857kB", "you/hello   latest   0.9MB"),
        near_miss=("you/hello   latest   857kB", "you/hello   latest   0.97MB"),
        accept=_near,
    ),
    Rule(
        name="file size",
        reason="compilers and packages move on",
        page=r"(?<= )\d+(?= (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d )",
        sample=(
            "-rwxr-xr-x 1 you you 785336 Nov 24 03:42 hello",
            "-rwxr-xr-x 1 you you 790000 Nov 24 03:42 hello",
        ),
        near_miss=(
            "-rwxr-xr-x 1 you you 785336 Nov 24 03:42 hello",
            "-rwxr-xr-x 1 you you 985336 Nov 24 03:42 hello",
        ),
        accept=_near,
    ),
)
