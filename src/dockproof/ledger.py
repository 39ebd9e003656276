"""Last stage but one: what was proved, when, on what.

A record is found by a hash of what was run and expected, of the block and of all blocks before it
on the page that are run as well, since these make the state that it was proved in. So a block that
changed has no record, nor have those after it, while a change to the words between blocks loses
none. Twins have the same hashes.

A run leaves its records in ``.dockproof/ledger.json``, which is the checkout's own; ``dockproof
record`` takes them over into the ledger that is committed. Readers see the newer of the two. Only
the checkout's own say by which harness and lab a block was proved (:mod:`dockproof.unproved`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dockproof import base_images, blocks
from dockproof.blocks import Kind
from dockproof.errors import LedgerError, PageError
from dockproof.identity import identity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from dockproof.blocks import Block, Blocks
    from dockproof.config import Config
    from dockproof.lab import Lab

PROPERTY = "proved"
"""The name under which a record travels in a pytest report."""

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Image:
    """Where a base image came from; see :class:`dockproof.lab.images.Provenance`."""

    official: bool
    digest: str
    recipe: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a lab was.

    Attributes:
        suite: The Debian release of its machines.
        engine: Docker's version; so buildx and compose, "" without them.
        kernel: The kernel below all machines.
        cgroup: 1 or 2.
        images: Where the base images came from, by reference.
        identity: What the lab and the harness were made of, in a word; see
            :mod:`dockproof.unproved`. Empty where nobody needs to know.
    """

    suite: str
    engine: str
    buildx: str
    compose: str
    kernel: str
    cgroup: int
    images: Mapping[str, Image] = field(default_factory=dict)
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One block, proved on one release's engine.

    Attributes:
        key: See :func:`keys`.
        page: The page, ``section/stem``, the same in each language.
        block: The block's name on the page.
        date: When it was proved, UTC, "2026-11-24T04:05:06Z".
        seconds: How long it took.
        lab: What it was proved on, with the base images that the page has named up to the block.
    """

    key: str
    page: str
    block: str
    date: str
    seconds: float
    lab: Facts

    def as_json(self) -> dict[str, Any]:
        """Return the record as JSON has it, flat."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "lab"}
        lab = asdict(self.lab)
        if not self.lab.identity:
            del lab["identity"]
        return own | lab

    def anyones(self) -> Record:
        """Return the record as others may have it: without the identity."""
        return replace(self, lab=replace(self.lab, identity="")) if self.lab.identity else self

    @staticmethod
    def from_json(entry: Mapping[str, Any]) -> Record:
        """Read a record.

        Raises:
            KeyError: A value is missing.
            TypeError: One is of the wrong type.
        """
        images = {name: Image(**where) for name, where in entry["images"].items()}
        apart = ("images", "identity")
        lab = {f.name: entry[f.name] for f in fields(Facts) if f.name not in apart}
        own = {f.name: entry[f.name] for f in fields(Record) if f.name != "lab"}
        return Record(**own, lab=Facts(**lab, images=images, identity=entry.get("identity", "")))


class Ledger:
    """Records: the newest of each block, release and version of cgroups.

    Args:
        records: Any, in any order.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        """Sort the records in."""
        self._records: dict[str, dict[tuple[str, int], Record]] = {}
        for record in records:
            of_key = self._records.setdefault(record.key, {})
            where = record.lab.suite, record.lab.cgroup
            if where not in of_key or of_key[where].date <= record.date:
                of_key[where] = record

    def __iter__(self) -> Iterator[Record]:
        """Yield all records, by page, block, release and version of cgroups."""
        found = [record for of_key in self._records.values() for record in of_key.values()]
        return iter(
            sorted(found, key=lambda r: (r.page, r.block, r.lab.suite, r.lab.cgroup, r.key))
        )

    def of(self, key: str) -> list[Record]:
        """Return a block's records, one a release and version of cgroups, the newest first."""
        return sorted(self._records.get(key, {}).values(), key=lambda r: r.date, reverse=True)

    def kept(self, current: Collection[str]) -> Ledger:
        """Return a ledger with the records of these keys alone."""
        return Ledger(record for record in self if record.key in current)

    def text(self) -> str:
        """Return the ledger as JSON, a line a record, so that a change shows as its own lines."""
        lines = [json.dumps(record.as_json(), ensure_ascii=False) for record in self]
        body = ",\n".join(lines) + "\n" if lines else ""
        return f'{{"version": {_VERSION}, "records": [\n{body}]}}\n'

    def write(self, path: Path) -> None:
        """Write the ledger's file, at once or not at all; one that says the same is left alone."""
        text = self.text()
        if path.is_file() and path.read_text("utf-8") == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.new")
        aside.write_text(text, "utf-8")
        aside.replace(path)


def read(path: Path) -> Ledger:
    """Read a ledger's file.

    Returns:
        The ledger, empty where there is no file.

    Raises:
        LedgerError: The file is no ledger.
    """
    try:
        table = json.loads(path.read_text("utf-8"))
        if table["version"] != _VERSION:
            raise LedgerError(
                f"{path}: version {table['version']} is not known here: use a newer dockproof"
            )
        return Ledger(Record.from_json(entry) for entry in table["records"])
    except FileNotFoundError:
        return Ledger()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(
            f"{path}: not a ledger ({error!r}): restore the file, or remove it and prove the pages"
        ) from error


def facts(lab: Lab) -> Facts:
    """Return what is worth keeping of an open lab."""
    images = {reference: Image(**asdict(where)) for reference, where in lab.images.items()}
    return Facts(**asdict(lab.engine), images=images, identity=identity(lab.identity))


def stamp(when: datetime) -> str:
    """Return a time, UTC, as records have it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def local(config: Config) -> Path:
    """Return the file of the records that this checkout's runs have left."""
    return config.root / ".dockproof" / "ledger.json"


def load(config: Config) -> Ledger:
    """Read what is known of a site: the committed records and this checkout's own.

    Raises:
        LedgerError: See :func:`read`.
    """
    own = (record.anyones() for record in read(local(config)))
    return Ledger([*read(config.ledger), *own])


def runs(block: Block) -> bool:
    """Tell whether a block is one that can be proved: a session, or a file that one uses."""
    return block.kind in {Kind.SESSION, Kind.FILE} and not block.directives.skip


def keys(page: Blocks) -> list[str | None]:
    """Return each block's key in the ledger, None for what is only shown or skipped.

    A key hashes what the block and those before it run, write and expect, and the machines that the
    page asks for.
    """
    found: list[str | None] = []
    chain = hashlib.sha256(page.page.machines.encode())
    for block in page.blocks:
        if runs(block):
            chain.update(block.key.encode())
            found.append(chain.hexdigest()[:32])
        else:
            found.append(None)
    return found


def page_name(path: Path, config: Config) -> str | None:
    """Return ``section/stem``, or None for what is not one of the site's pages."""
    language = config.language_of(path)
    if language is None:
        return None
    return path.resolve().relative_to(config.docs / language).with_suffix("").as_posix()


class Recorder:
    """Makes records of what a process has run.

    Args:
        config: The site.
    """

    def __init__(self, config: Config) -> None:
        """Know no page yet."""
        self._config = config
        self._pages: dict[Path, tuple[list[str | None], list[frozenset[str]]]] = {}
        self._made: dict[str, Record] = {}

    def record(self, page: Blocks, index: int, seconds: float, lab: Facts) -> Record | None:
        """Return the record of a block that was run and held, as all before it did.

        Args:
            page: The page.
            index: The block's index.
            seconds: How long it took.
            lab: What the page's lab was.

        Returns:
            The record; None for what can't be proved, and for pages that aren't the site's.
        """
        name = page_name(self._config.root / page.path, self._config)
        if name is None:
            return None
        if page.path not in self._pages:
            named: list[frozenset[str]] = []
            for block in page.blocks:
                before = named[-1] if named else frozenset()
                named.append(before | base_images.named(block) if runs(block) else before)
            self._pages[page.path] = keys(page), named
        found, names = self._pages[page.path]
        key = found[index]
        if key is None:
            return None
        if key not in self._made:  # else the twin has it, from the same run
            images = {ref: lab.images[ref] for ref in sorted(names[index] & set(lab.images))}
            self._made[key] = Record(
                key,
                name,
                page.blocks[index].name,
                stamp(datetime.now(UTC)),
                round(seconds, 2),
                replace(lab, images=images),
            )
        return self._made[key]


def current(config: Config, names: Collection[str] | None = None) -> set[str]:
    """Return the keys of the blocks that the site's pages have now.

    Args:
        config: The site.
        names: The pages to read; None: all.

    Raises:
        PageError: A page can't be read as it stands.
    """
    found: set[str] = set()
    for language in config.languages:
        for path in sorted((config.docs / language).rglob("*.md")):
            if names is None or page_name(path, config) in names:
                found |= {key for key in keys(blocks.load(path, config)) if key}
    return found


def keep(config: Config, records: Collection[Record], failed: Collection[str] = ()) -> None:
    """Add a run's records to this checkout's own, while other runs wait.

    Records of these pages' blocks that have changed since are dropped. A page that failed may have
    been proved before: then that is kept, but nobody may take it for a reason not to run it.

    Args:
        config: The site.
        records: Of the blocks that held.
        failed: The pages with one that didn't, ``section/stem``.

    Raises:
        OSError: The file can't be written.
        LedgerError: It is no ledger.
    """
    touched = {record.page for record in records}
    try:
        valid = current(config, touched)
    except PageError:
        valid = None  # edited while it ran; the next run drops what is out of date
    path = local(config)
    with _locked(path):
        everything = Ledger([*read(path), *records])
        Ledger(
            record.anyones() if record.page in failed else record
            for record in everything
            if valid is None or record.page not in touched or record.key in valid
        ).write(path)


def commit(config: Config, others: Iterable[Path] = ()) -> Ledger:
    """Take this checkout's records over into the ledger that is committed.

    Args:
        config: The site.
        others: Files of records that other checkouts' runs have left, on other machines.

    Returns:
        What the committed ledger says now: the records of the blocks that the pages have.

    Raises:
        PageError: A page can't be read as it stands.
        LedgerError: A file is no ledger, or one of the others isn't there.
    """
    theirs: list[Record] = []
    for path in others:
        if not path.is_file():
            raise LedgerError(
                f"{path}: no such file: name a `.dockproof/ledger.json` that a run has left"
            )
        theirs += (record.anyones() for record in read(path))
    with _locked(local(config)):
        result = Ledger([*load(config), *theirs]).kept(current(config))
        result.write(config.ledger)
    return result


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    ignore = path.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
