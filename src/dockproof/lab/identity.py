"""What labs of a release are made of, in a word: two labs with the same identity are alike."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from docker.errors import DockerException, ImageNotFound

from dockproof.lab.certificates import host_certificates
from dockproof.lab.definition import load_definition
from dockproof.lab.engine import outer_engine
from dockproof.lab.errors import LabError
from dockproof.lab.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dockproof.lab.definition import Definition, Suite
    from dockproof.lab.engine import OuterEngine


def identity(engine: OuterEngine, definition: Definition, suite: Suite) -> str:
    """Hash what a lab is made of: its images as they lie on the outer engine, CAs, the kernel.

    Args:
        engine: The outer engine.
        definition: The lab's definition.
        suite: The machines' release.

    Returns:
        32 hexadecimal digits; "" where an image is still to be made.
    """
    names = (definition.node_image(suite), definition.mirror_image)
    try:
        ids = [engine.client.images.get(name).id for name in names]
    except ImageNotFound:
        return ""
    server = engine.client.version()
    parts = [*ids, server["Version"], server["KernelVersion"], os.environ.get("DOCKER_HOST", "")]
    digest = hashlib.sha256(repr(parts).encode())
    for path, (data, _) in sorted(host_certificates().items()):
        digest.update(path.encode() + b"\0" + data)
    return digest.hexdigest()[:32]


def identities(directory: Path, rows: Iterable[str], say: Callable[[str], None]) -> dict[str, str]:
    """Give the identities of the labs that pages ask for, without opening one.

    Args:
        directory: The `lab/` folder.
        rows: What the pages' front matter asks for: rows of `engines.toml`, "" for the default.
        say: Takes a line of progress.

    Returns:
        The identity by row; "" for one whose images are still to be made.

    Raises:
        LabError: There is no engine to be had, or the definition is wrong.
    """
    definition = load_definition(directory)
    engine = outer_engine(State(), say)
    try:
        return {row: identity(engine, definition, definition.suite_of(row)) for row in rows}
    except (DockerException, OSError) as error:
        raise LabError(f"the outer engine fails: {error}", engine.log_tail()) from error
    finally:
        engine.settle()
        engine.close()
