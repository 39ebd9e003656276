"""The lab's definition: the files under `lab/`, read and checked."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockproof.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Part of the images' names: raise it when the way they are made changes.
_MAKING = 1
_ENGINES = "engines.toml"


@dataclass(frozen=True)
class Suite:
    """A Debian release that machines or images are made of.

    Attributes:
        name: "forky".
        engine: The Docker version expected; so buildx and compose, "" where not packaged.
        packages: The packages that bring the engine.
        archives: The archive's suites to install from.
        check_valid_until: Whether the release files' expiry counts.
        extra: Packages that machines of this release have besides. Not part of what the bootstrap
            is made of, so that they don't count in its name.
    """

    name: str
    engine: str
    buildx: str
    compose: str
    packages: tuple[str, ...]
    archives: tuple[str, ...]
    check_valid_until: bool
    extra: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Recipe:
    """A stand-in for one repository of Docker Hub.

    Attributes:
        name: The repository, "python".
        tags: Its tags that the stand-in serves.
        directory: With the Dockerfile.
        bootstrap: Its Dockerfile wants the bare bootstrap beside it, as root.tar. It is built
            first, and the others may start from it.
    """

    name: str
    tags: tuple[str, ...]
    directory: Path
    bootstrap: bool


@dataclass(frozen=True)
class Definition:
    """All of `lab/`.

    Attributes:
        directory: The folder itself.
        suites: What machines can be made of, by name.
        suite: What they are made of where a page asks for nothing else.
        image_suite: What the registry and the stand-ins are made of.
        recipes: The stand-ins by name.
        lock: Digests at Docker Hub by reference ("debian:trixie-slim").
        node_images: The names of the machines' images, which change with what they are made of, by
            the name of the release.
        mirror_base: So the empty registry's.
        mirror_image: So the filled registry's.
    """

    directory: Path
    suites: Mapping[str, Suite]
    suite: Suite
    image_suite: Suite
    recipes: Mapping[str, Recipe]
    lock: Mapping[str, str]
    node_images: Mapping[str, str]
    mirror_base: str
    mirror_image: str

    def suite_of(self, engine: str) -> Suite:
        """Give what a page's machines are made of.

        Args:
            engine: The row of `engines.toml` that the page asks for, or "".

        Raises:
            LabError: There is no such row.
        """
        if not engine:
            return self.suite
        return _row(self.directory / _ENGINES, self.suites, engine)

    def node_image(self, suite: Suite) -> str:
        """The name of the image of a release's machines."""
        return self.node_images[suite.name]

    @staticmethod
    def base_image(suite: Suite) -> str:
        """The name of the bare bootstrap of a release."""
        return f"dockproof-base:{suite.name}-{_hash(_MAKING, repr(suite))}"


def _hash(*parts: object) -> str:
    """Hash values, and directories by their files' names, contents and modes."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            for file in sorted(part.rglob("*")):
                if file.is_file():
                    head = f"{file.relative_to(part)} {file.stat().st_mode & 0o100:o}"
                    digest.update(head.encode() + b"\0" + file.read_bytes() + b"\0")
        else:
            digest.update(f"{part}\0".encode())
    return digest.hexdigest()[:12]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise LabError(f"{path}: {error}") from error


def _row(path: Path, suites: Mapping[str, Suite], name: str) -> Suite:
    if name not in suites:
        raise LabError(f"{path}: no engine {name!r}; there are: {', '.join(suites)}")
    return suites[name]


def _suite(path: Path, name: str, row: dict[str, Any]) -> Suite:
    try:
        return Suite(
            name=name,
            engine=row["engine"],
            buildx=row["buildx"],
            compose=row["compose"],
            packages=tuple(row["packages"]),
            archives=tuple(row["archives"]),
            check_valid_until=row["check-valid-until"],
            extra=tuple(row.get("extra", ())),
        )
    except KeyError as error:
        raise LabError(f"{path}: [suites.{name}] lacks {error}") from error


def _node_image(suite: Suite, folder: Path) -> str:
    return f"dockproof-node:{suite.name}-{_hash(_MAKING, repr(suite), *suite.extra, folder)}"


def load_definition(directory: Path) -> Definition:
    """Read the lab's definition.

    Args:
        directory: The `lab/` folder.

    Raises:
        LabError: A file is missing or wrong; names it.
    """
    directory = directory.absolute()
    path = directory / _ENGINES
    engines = _toml(path)
    recipes = {}
    for file in sorted(directory.glob("images/*/image.toml")):
        content = _toml(file)
        name = file.parent.name
        if not content.get("tags"):
            raise LabError(f"{file}: names no tags")
        recipes[name] = Recipe(
            name=name,
            tags=tuple(content["tags"]),
            directory=file.parent,
            bootstrap=content.get("bootstrap", False),
        )
    lock_file = directory / "images.lock"
    lock = _toml(lock_file) if lock_file.exists() else {}
    suites = {name: _suite(path, name, row) for name, row in engines.get("suites", {}).items()}
    suite = _row(path, suites, os.environ.get("DOCKPROOF_ENGINE") or engines["default"])
    image_suite = _row(path, suites, engines["images"])
    mirror_base = f"dockproof-registry:{_hash(_MAKING, repr(image_suite), directory / 'mirror')}"
    filling = _hash(mirror_base, json.dumps(lock, sort_keys=True), directory / "images")
    return Definition(
        directory=directory,
        suites=suites,
        suite=suite,
        image_suite=image_suite,
        recipes=recipes,
        lock=lock,
        node_images={name: _node_image(each, directory / "node") for name, each in suites.items()},
        mirror_base=mirror_base,
        mirror_image=f"dockproof-mirror:{filling}",
    )
