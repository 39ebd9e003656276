"""What a block was proved by, in a word: the harness, joined with what its lab was made of."""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from importlib import metadata
from pathlib import Path


@functools.cache
def harness() -> str:
    """Hash what proves pages: this package's files, and the packages that it is made with.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.sha256(sys.version.encode())
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"\0{file.relative_to(folder)}\0".encode() + file.read_bytes())
    for requirement in sorted(metadata.requires("dockproof") or ()):
        if "extra ==" not in requirement:
            (name,) = re.findall(r"^[\w.-]+", requirement)
            digest.update(f"\0{name}={metadata.version(name)}".encode())
    return digest.hexdigest()[:32]


def identity(lab: str) -> str:
    """Join the identity of a lab and the harness's; "" where the lab has none."""
    return hashlib.sha256(f"{harness()} {lab}".encode()).hexdigest()[:16] if lab else ""
