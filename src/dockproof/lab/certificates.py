"""The host's own CA certificates, e.g. of a company's proxy, for the lab machines."""

from __future__ import annotations

import os
from pathlib import Path

from dockproof.lab.errors import LabError

_PLACE = Path("/usr/local/share/ca-certificates")


def host_certificates() -> dict[str, tuple[bytes, int]]:
    """Give the host's extra CA certificates as files for a machine.

    They are what `update-ca-certificates` takes on Debian, and the file that DOCKPROOF_CA names.

    Returns:
        Absolute path in the machine to content and mode.

    Raises:
        LabError: One can't be read.
    """
    sources = sorted(_PLACE.rglob("*.crt"))
    if chosen := os.environ.get("DOCKPROOF_CA"):
        sources.append(Path(chosen))
    files = {}
    for number, source in enumerate(sources):
        try:
            data = source.read_bytes()
        except OSError as error:
            raise LabError(f"can't read the CA certificate {source}: {error}") from error
        files[str(_PLACE / f"host-{number}.crt")] = (data.rstrip() + b"\n", 0o644)
    return files
