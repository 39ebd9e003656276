"""Build and serve the site: one strict MkDocs build a language, and what they share at the root.

The source language's build is ``mkdocs.yml``, another's ``mkdocs.<language>.yml``, each into
``<out>/<language>/``. The files of the folder ``chooser`` are Jinja templates for ``<out>`` itself:
the language chooser, the 404 page, robots.txt; those named ``_…`` are only included. They see
``base`` (the path that the site is published under, ``/`` at both ends), ``url`` (the whole
address) and ``languages``.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dockproof import ledger
from dockproof.config import Config, load
from dockproof.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

CHOOSER = "chooser"
LOCAL = "http://127.0.0.1:8000/"

# Builds are forks of a process that has all they need loaded, and that lives as long as we do.
_BUILDERS = get_context("forkserver")
_BUILDERS.set_forkserver_preload(["dockproof.preload"])


class SiteError(Exception):
    """A build that failed; the message says which language's, and what MkDocs found."""


@dataclass(frozen=True, slots=True)
class Build:
    """One language's build.

    Attributes:
        language: The language's folder name.
        root: The folder that the configuration's paths are relative to.
        config: The MkDocs configuration.
        out: The folder to build into.
        url: The address that ``out`` is published at, ``/`` at its end.
    """

    language: str
    root: Path
    config: Path
    out: Path
    url: str


@dataclass(frozen=True, slots=True)
class Built:
    """How one language's build went.

    Attributes:
        language: The language's folder name.
        pages: How many pages it made.
        seconds: How long it took.
        warnings: What MkDocs complained about, a line each.
        failure: Why it failed; None if it didn't.
    """

    language: str
    pages: int
    seconds: float
    warnings: tuple[str, ...]
    failure: str | None


class _Lines(logging.Handler):
    """Keeps what is logged as lines of text."""

    def __init__(self, language: str) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter(f"{language}: %(levelname)s: %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def build(config: Config, out: Path, url: str = LOCAL) -> None:
    """Build the whole site.

    The build is made in ``.cache`` beside ``out`` and moved there when it is complete, so that an
    interrupted or failed one leaves the earlier site as it was.

    Args:
        config: The site's folders and languages.
        out: The folder to build into; what is there is replaced.
        url: The address that ``out`` is published at.

    Raises:
        SiteError: A language's strict build failed.
        ConfigError: A language has no MkDocs configuration.
    """
    url = url.rstrip("/") + "/"
    cache = out.parent / ".cache"
    partial = cache / f"{out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    builds = [
        Build(name, config.root, _mkdocs(config, name), partial / name, f"{url}{name}/")
        for name in config.languages
    ]
    failures = []
    for built in _build_each(builds):
        for line in built.warnings:
            print(line, file=sys.stderr)  # noqa: T201 - for whoever mends it
        if built.failure:
            failures.append(built.failure)
        else:
            print(f"{built.language}: {built.pages} pages in {built.seconds:.1f} s", flush=True)  # noqa: T201 - progress
    if failures:
        shutil.rmtree(partial)
        raise SiteError("\n".join(failures))
    _build_root(config, partial, url)
    previous = cache / f"{out.name}.previous"
    shutil.rmtree(previous, ignore_errors=True)
    if out.exists():
        out.rename(previous)
    partial.rename(out)
    shutil.rmtree(previous, ignore_errors=True)


def _mkdocs(config: Config, language: str) -> Path:
    name = "mkdocs.yml" if language == config.source_language else f"mkdocs.{language}.yml"
    path = config.root / name
    if not path.is_file():
        raise ConfigError(f"{path} is missing: it is the MkDocs configuration for {language!r}")
    return path


def _build_each(builds: list[Build]) -> Iterator[Built]:
    """Make the builds all at once, each in a process of its own that ends with its build."""
    begun: list[tuple[Build, ForkServerProcess, Connection]] = []
    try:
        for job in builds:
            receiver, sender = _BUILDERS.Pipe(duplex=False)
            process = _BUILDERS.Process(target=_build_and_tell, args=(job, sender), daemon=True)
            process.start()
            sender.close()
            begun.append((job, process, receiver))
        for job, process, receiver in begun:
            try:
                yield receiver.recv()
            except EOFError:
                process.join()
                why = f"{job.language}: the build ended with exit status {process.exitcode}"
                yield Built(job.language, 0, 0.0, (), why)
    finally:
        for _, process, receiver in begun:
            process.terminate()
            process.join()
            receiver.close()


def _build_and_tell(job: Build, sender: Connection) -> None:
    with contextlib.suppress(BrokenPipeError):  # whoever asked for the build may be gone
        sender.send(_build_language(job))


def _build_language(job: Build) -> Built:
    from mkdocs.commands.build import build as mkdocs_build  # noqa: PLC0415 - preloaded in there
    from mkdocs.config import load_config  # noqa: PLC0415
    from mkdocs.exceptions import MkDocsException  # noqa: PLC0415

    said = _Lines(job.language)
    logging.getLogger().addHandler(said)
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    start = time.monotonic()
    failure = None
    with contextlib.chdir(job.root):  # snippets and the search dictionary are found from there
        try:
            config = load_config(
                str(job.config),
                strict=True,
                site_dir=str(job.out),
                site_url=job.url,
            )
            config.plugins.on_startup(command="build", dirty=False)
            mkdocs_build(config)
            config.plugins.on_shutdown()
        except MkDocsException as error:
            failure = f"{job.language}: {job.config.name}: {error}"
        except Exception as error:  # noqa: BLE001 - Markdown extensions raise what they like
            failure = f"{job.language}: {job.config.name}: {type(error).__name__}: {error}"
    pages = len(list(job.out.rglob("index.html")))
    return Built(job.language, pages, time.monotonic() - start, tuple(said.lines), failure)


def _build_root(config: Config, out: Path, url: str) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - as above

    loader = FileSystemLoader(config.root / CHOOSER)
    templates = Environment(  # noqa: S701 - our own files, plain text among them
        loader=loader, undefined=StrictUndefined, keep_trailing_newline=True
    )
    for name in templates.list_templates(filter_func=lambda name: not name.startswith("_")):
        text = templates.get_template(name).render(
            base=urlsplit(url).path,
            url=url,
            languages=config.languages,
        )
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def serve(config: Config, out: Path, port: int) -> None:
    """Serve the site on 127.0.0.1, and build it anew when a source changes, until interrupted.

    Args:
        config: The site's folders and languages.
        out: The folder to build into.
        port: The port.

    Raises:
        SiteError: The port can't be had, or the first build failed. A later one that fails is
            reported, and the site stays.
    """
    _check_port(port)
    from mkdocs.livereload import LiveReloadServer  # noqa: PLC0415 - only needed in here

    url = f"http://127.0.0.1:{port}/"

    def rebuild() -> None:
        try:
            build(config, out, url)
        except (SiteError, ConfigError) as error:
            print(f"{error}\nThe site stays as it was.", file=sys.stderr)  # noqa: T201 - as below

    build(config, out, url)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    server = LiveReloadServer(rebuild, "127.0.0.1", port, str(out))
    server.error_handler = lambda code: (out / "404.html").read_bytes() if code == 404 else None  # noqa: PLR2004 - HTTP
    for path in _sources(config):
        server.watch(str(path))
    print(" ".join([f"{url}{language}/" for language in config.languages]), flush=True)  # noqa: T201 - what to open
    try:
        server.serve()  # type: ignore[no-untyped-call]  # MkDocs has not annotated it
    except KeyboardInterrupt:
        server.shutdown()


def _check_port(port: int) -> None:
    """See that the port can be had, before a build that takes its time."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        raise SiteError(
            f"port {port} can't be had ({getattr(error, 'strerror', None) or error}): "
            "name another, as in `make serve PORT=8001`"
        ) from error


def _sources(config: Config) -> list[Path]:
    """Return the files and folders that a build reads."""
    # A run of pytest makes its records' folder when it ends; only what exists can be watched.
    records = ledger.local(config).parent
    records.mkdir(exist_ok=True)
    theme = [config.root / name for name in ("overrides", "hooks", CHOOSER)]
    settings = sorted(config.root.glob("mkdocs*.yml"))
    read = (config.docs, *config.snippets, *theme, *settings, config.ledger, records)
    return [path for path in read if path.exists()]


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m dockproof.site build|serve``; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dockproof.site", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("build", help="build every language strictly")
    one.add_argument("--out", type=Path, help="the folder to build into (default: site)")
    one.add_argument(
        "--url",
        default=os.environ.get("SITE_URL") or LOCAL,
        help="the address it is published at (default: $SITE_URL, else %(default)s)",
    )
    two = commands.add_parser("serve", help="serve every language, and rebuild on a change")
    two.add_argument("--out", type=Path, help="the folder to build into (default: .cache/serve)")
    two.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    try:
        config = load(Path.cwd())
        if options.command == "build":
            build(config, options.out or config.root / "site", options.url)
        else:
            serve(config, options.out or config.root / ".cache" / "serve", options.port)
    except (SiteError, ConfigError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's own message
        return 1
    except KeyboardInterrupt:
        print("interrupted; the site stays as it was", file=sys.stderr)  # noqa: T201 - as above
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
