"""The command line: ``dockproof accept|twins|record|unproved|lab``; ``--help`` says more."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dockproof import blocks, config
from dockproof.errors import ConfigError, LedgerError, PageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockproof.config import Config


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments; None: the process's.

    Returns:
        0 where all is well, 1 where a page isn't, 2 where nothing could be done.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["lab"]:
        from dockproof.lab.__main__ import main as lab  # noqa: PLC0415 - the SDK's import takes its time

        return lab(arguments[1:])
    parser = argparse.ArgumentParser(prog="dockproof", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    accepting = commands.add_parser(
        "accept", help="rewrite pages and their twins to show what a run prints"
    )
    accepting.add_argument("pages", nargs="+", type=Path, metavar="PAGE")
    comparing = commands.add_parser("twins", help="say where pages and their twins differ")
    comparing.add_argument("pages", nargs="*", type=Path, metavar="PAGE")
    recording = commands.add_parser(
        "record", help="take the records of the pages' runs over into the ledger to be committed"
    )
    recording.add_argument(
        "others",
        nargs="*",
        type=Path,
        metavar="LEDGER",
        help="the .dockproof/ledger.json of another machine's checkout, to be taken over as well",
    )
    commands.add_parser(
        "unproved",
        help="name the pages that nothing has proved here within a day, as they and the lab are",
    )
    commands.add_parser("lab", help="the lab: shell, prepare, clean, lock")
    options = parser.parse_args(arguments)
    try:
        site = config.load(Path.cwd())
        doing = {
            "accept": lambda: _accept([find(page, site) for page in options.pages], site),
            "twins": lambda: _twins([find(page, site) for page in options.pages], site),
            "record": lambda: _record(options.others, site),
            "unproved": lambda: _unproved(site),
        }
        return doing[options.command]()
    except (PageError, ConfigError, LedgerError) as error:
        _say(str(error))
    except KeyboardInterrupt:
        _say("interrupted; a page that isn't reported as rewritten stays as it was")
        return 130
    except Exception as error:
        from dockproof.lab import LabError  # noqa: PLC0415 - as above

        if not isinstance(error, LabError):
            raise
        _say(f"the lab is broken: {error}\n{error.log}")
    return 2


def find(page: Path, site: Config) -> Path:
    """Return the page that is meant by a path or by ``section/stem``.

    Raises:
        ConfigError: There is no such page.
    """
    for candidate in (
        page,
        page.with_name(f"{page.name}.md"),
        site.docs / site.source_language / page.with_name(f"{page.name}.md"),
    ):
        if candidate.is_file():
            return candidate.resolve()
    raise ConfigError(
        f"there is no page {page}: name a file, or section/stem below {site.shown(site.docs)}"
    )


def _accept(pages: Sequence[Path], site: Config) -> int:
    from dockproof import accept, report  # noqa: PLC0415 - only this command needs them
    from dockproof.runs import Runs  # noqa: PLC0415

    runs = Runs(site, _say)
    status = 0
    try:
        for path in pages:
            accepted = accept.accept(path, site, runs)
            accept.write(accepted, site)
            for file, changes in accepted.edits.items():
                _say(
                    f"{site.shown(file)}: {len(changes)} steps rewritten"
                    if changes
                    else f"{site.shown(file)}: nothing to rewrite"
                )
            page = blocks.load(path, site)
            for result, step in accepted.left:
                status = 1
                _say(report.step_failure(step, result, page, result.block))
    finally:
        runs.close()
    return status


def _twins(pages: Sequence[Path], site: Config) -> int:
    from dockproof import twins  # noqa: PLC0415 - only this command needs it

    pages = pages or twins.pages(site)
    found = [text for page in pages for text in twins.differences(page, site)]
    for text in found:
        _say(text)
    _say(f"{len(pages)} pages compared with their twins: {len(found)} differences")
    return 1 if found else 0


def _record(others: Sequence[Path], site: Config) -> int:
    from dockproof import ledger, twins  # noqa: PLC0415 - only this command needs them

    known = {record.key for record in ledger.commit(site, others)}
    unproved = 0
    for path in twins.pages(site):
        page = blocks.load(path, site)
        blank = [
            block
            for block, key in zip(page.blocks, ledger.keys(page), strict=True)
            if key is not None and key not in known
        ]
        unproved += len(blank)
        if blank:
            place = page.place(blank[0].fence.number)
            _say(
                f"{place}: {blank[0].name} is not proved as it stands: {len(blank)} blocks are not"
            )
    _say(f"{site.shown(site.ledger)}: {len(known)} blocks proved, {unproved} not")
    return 0


def _unproved(site: Config) -> int:
    from dockproof import unproved  # noqa: PLC0415 - only this command needs them
    from dockproof.lab import identities  # noqa: PLC0415

    to_run, holding = unproved.pages(site, lambda rows: identities(site.lab, rows, _say))
    for page in to_run:
        print(site.shown(page))  # noqa: T201 - for whoever runs them
    _say(f"{len(to_run)} pages are to be run, {len(holding)} hold as they were proved here")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main())
