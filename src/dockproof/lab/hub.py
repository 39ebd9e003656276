"""Looking digests up at Docker Hub, for the lock file; only what it says is ever written."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from dockproof.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_TOKEN = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:{}:pull"  # noqa: S105 - an address
_MANIFEST = "https://registry-1.docker.io/v2/{}/manifests/{}"
_KINDS = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_SECONDS = 20
_NOT_FOUND = 404
_HEAD = """\
# What each tag was at Docker Hub when `python -m dockproof.lab lock` asked. Where Docker Hub
# answers, the lab's registry is filled with these; else with stand-ins built from lab/images/.
"""


def _digest(reference: str) -> str | None:
    """Ask Docker Hub for a tag's digest; None if there is no such tag."""
    repository, _, tag = reference.partition(":")
    place = repository if "/" in repository else f"library/{repository}"
    try:
        address = _TOKEN.format(place)
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - https
            token = json.load(answer)["token"]
        request = urllib.request.Request(  # noqa: S310 - https
            _MANIFEST.format(place, tag),
            headers={"Authorization": f"Bearer {token}", "Accept": _KINDS},
            method="HEAD",
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - https
            return str(answer.headers["Docker-Content-Digest"])
    except urllib.error.HTTPError as error:
        if error.code == _NOT_FOUND:
            return None
        raise


def write_lock(path: Path, references: Iterable[str]) -> Mapping[str, str]:
    """Write the digests that Docker Hub gives now into the lock file.

    Args:
        path: The lock file; references in it already are asked for as well.
        references: "python:3.13-slim", ...

    Returns:
        The digests by reference; tags that Docker Hub doesn't know are left out.

    Raises:
        LabError: Docker Hub doesn't answer; the file stays as it was.
    """
    found = {}
    for reference in sorted(set(references)):
        try:
            digest = _digest(reference)
        except (OSError, ValueError, KeyError) as error:
            raise LabError(
                f"Docker Hub gives no digest for {reference} ({error}); {path} stays as it was"
            ) from error
        if digest:
            found[reference] = digest
    lines = [f'"{reference}" = "{digest}"' for reference, digest in found.items()]
    path.write_text(_HEAD + "\n" + "\n".join(lines) + "\n")
    return found
