# ruff: noqa: INP001 - MkDocs loads hooks by path
"""MkDocs hook: what was proved and when, below each block, on a page, and as ``ledger.json``.

In ``mkdocs.yml``, ``extra.proof.explained`` is the page and anchor that explain the notes' words,
``extra.proof.page`` the listing's file name; without the latter there is neither listing nor data.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.exceptions import Abort
from mkdocs.structure.files import File

from dockproof import blocks, config, ledger, proof_notes
from dockproof.errors import ConfigError, LedgerError, PageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_DATA = "ledger.json"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the site's configuration and its records, once a build."""
    try:
        site = _site(config)
        config.extra["dockproof"] = {"site": site, "ledger": ledger.load(site), "pages": {}}
    except (ConfigError, LedgerError) as error:
        raise Abort(str(error)) from error
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Read the pages into blocks; add the listing and the data."""
    known, pages = config.extra["dockproof"]["ledger"], config.extra["dockproof"]["pages"]
    for file in files.documentation_pages():
        if file.abs_src_path is not None:
            pages[file.src_uri] = _load(Path(file.abs_src_path), config)
    listing = config.extra.get("proof", {}).get("page")
    if listing:
        order = [uri for uri in _in_nav(config.nav) if uri in pages]
        order += [uri for uri in pages if uri not in order]
        language = Path(config.docs_dir).name
        text = proof_notes.listing(
            [(uri, pages[uri]) for uri in order], known, language, _explained(files, config)
        )
        files.append(File.generated(config, listing, content=text))
        current = {key for page in pages.values() for key in ledger.keys(page)}
        files.append(File.generated(config, _DATA, content=known.kept(current).text()))
    return files


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the notes below the page's blocks."""
    own = config.extra["dockproof"]["pages"].get(page.file.src_uri)
    if own is None:
        return html
    uri, _, anchor = _explained(files, config).partition("#")
    target = files.get_file_from_path(uri)
    link = f"{target.url_relative_to(page.file)}#{anchor}" if target else ""
    try:
        found = proof_notes.notes(own, config.extra["dockproof"]["ledger"])
        return proof_notes.insert(html, own, found, link)
    except PageError as error:
        raise Abort(str(error)) from error


def _site(config_: MkDocsConfig) -> config.Config:
    return config.load(Path(config_.config_file_path).parent)


def _load(path: Path, config: MkDocsConfig) -> blocks.Blocks:
    try:
        return blocks.load(path, config.extra["dockproof"]["site"])
    except PageError as error:
        raise Abort(str(error)) from error


def _explained(files: Files, config: MkDocsConfig) -> str:
    """Return the link target that explains the notes' words; empty where the site has none."""
    target: str = config.extra.get("proof", {}).get("explained", "")
    return target if files.get_file_from_path(target.partition("#")[0]) else ""


def _in_nav(nav: Any) -> Iterator[str]:  # noqa: ANN401 - whatever YAML has
    """Yield the pages that the navigation names, in order."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for value in nav.values():
            yield from _in_nav(value)
    elif isinstance(nav, list):
        for value in nav:
            yield from _in_nav(value)
