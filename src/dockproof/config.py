"""What the harness knows of a site: ``[tool.dockproof]`` in the site's ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dockproof.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = {"docs", "languages", "source-language", "examples", "snippets", "lab", "ledger"}


@dataclass(frozen=True, slots=True)
class Config:
    """A site's folders and languages.

    Attributes:
        root: The folder of ``pyproject.toml``.
        docs: The pages' folder; a page lies at ``docs/<language>/<section>/<stem>.md``.
        languages: The languages' folder names, the source language among them.
        source_language: The language that a page is first written in.
        examples: The folder whose content ``make lab`` puts into node1's home directory.
        snippets: Where ``--8<--`` includes look for files.
        lab: The folder that defines the lab machine.
        ledger: The file that keeps the records of proved blocks.
    """

    root: Path
    docs: Path
    languages: tuple[str, ...]
    source_language: str
    examples: Path
    snippets: tuple[Path, ...]
    lab: Path
    ledger: Path

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that a page may ask for: the rows of ``engines.toml`` in the lab's folder."""
        try:
            return tuple(tomllib.loads((self.lab / "engines.toml").read_text("utf-8"))["suites"])
        except (OSError, tomllib.TOMLDecodeError, KeyError):
            return ()  # the lab itself says what is wrong with it

    def language_of(self, path: Path) -> str | None:
        """Return the language of the page at ``path``, or None outside the pages' folders."""
        try:
            first = path.resolve().relative_to(self.docs).parts[0]
        except (ValueError, IndexError):
            return None
        return first if first in self.languages else None

    def twins_of(self, path: Path) -> dict[str, Path]:
        """Return where the page at ``path`` stands in each language, itself included."""
        language = self.language_of(path)
        if language is None:
            return {}
        stem = path.resolve().relative_to(self.docs / language)
        return {name: self.docs / name / stem for name in self.languages}

    def shown(self, path: Path) -> Path:
        """Return ``path`` as messages show it: relative to the root where it lies below it."""
        absolute = path.absolute()
        return absolute.relative_to(self.root) if absolute.is_relative_to(self.root) else path


def load(start: Path) -> Config:
    """Read the configuration that holds for ``start``.

    Args:
        start: A folder; the nearest ``pyproject.toml`` with ``[tool.dockproof]`` at it or above
            it counts.

    Returns:
        The configuration, its paths absolute.

    Raises:
        ConfigError: There is none, or a key is unknown, of the wrong type or inconsistent.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            table = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("dockproof")
            if table is not None:
                return _read(folder, file, table)
    raise ConfigError(
        f"no pyproject.toml with [tool.dockproof] at {start} or above: add the table there",
    )


def _read(root: Path, file: Path, table: dict[str, Any]) -> Config:
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ConfigError(
            f"{file}: [tool.dockproof] has an unknown key {unknown[0]!r}: "
            f"use {', '.join(sorted(_KEYS))}",
        )
    languages = table.get("languages", ["en"])
    if not (
        isinstance(languages, list) and languages and all(isinstance(x, str) for x in languages)
    ):
        raise ConfigError(f"{file}: [tool.dockproof] languages must be a list of folder names")
    source: str = table.get("source-language") or languages[0]
    if source not in languages:
        raise ConfigError(
            f"{file}: [tool.dockproof] source-language {source!r} is not one of languages",
        )
    return Config(
        root=root,
        docs=root / table.get("docs", "docs"),
        languages=tuple(languages),
        source_language=source,
        examples=root / table.get("examples", "examples"),
        snippets=tuple(root / folder for folder in table.get("snippets", ["examples"])),
        lab=root / table.get("lab", "lab"),
        ledger=root / table.get("ledger", "ledger.json"),
    )
