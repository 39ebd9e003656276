"""Which pages hold without being run again: only what is exactly as it was proved here, lately."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dockproof import blocks, identity, ledger, unproved
from dockproof.config import Config, load
from dockproof.ledger import Facts, Recorder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

ONE = "# One { #one }\n\n```console\n$ echo one\none\n```\n\n```console\n$ echo two\ntwo\n```\n"
TWO = "---\nlab: {engine: trixie}\n---\n\n# Two { #two }\n\n```console\n$ echo two\ntwo\n```\n"
WORDS = "# Words { #words }\n\nNothing to run.\n"
LAB = Facts("forky", "28.5.2", "0.29.1", "2.40.3", "6.18.0", 2)
ALL = ["a/one", "a/two"]


@pytest.fixture
def site(tmp_path: Path) -> Config:
    """A site of three pages, of which two have something to run."""
    (tmp_path / "pyproject.toml").write_text('[tool.dockproof]\nlanguages = ["zh", "en"]\n')
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "engines.toml").write_text("[suites.trixie]\n")
    for language in ("zh", "en"):
        for name, text in (("one", ONE), ("two", TWO), ("words", WORDS)):
            page = tmp_path / "docs" / language / "a" / f"{name}.md"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
    return load(tmp_path)


def labs(rows: Collection[str]) -> Mapping[str, str]:
    """The identity of each lab that is asked for."""
    return {row: f"lab {row}" for row in rows}


def prove(
    site: Config,
    *names: str,
    failed: Collection[str] = (),
    blocks_of_each: int = 9,
    ago: timedelta = timedelta(),
) -> None:
    """Leave the records that a run of pages leaves."""
    recorder = Recorder(site)
    date = ledger.stamp(datetime.now(UTC) - ago)
    found = []
    for name in names:
        page = blocks.load(site.docs / "en" / f"{name}.md", site)
        lab = replace(LAB, identity=identity.identity(f"lab {page.page.engine}"))
        for index in range(min(len(page.blocks), blocks_of_each)):
            record = recorder.record(page, index, 0.1, lab)
            assert record is not None
            found.append(replace(record, date=date))
    ledger.keep(site, found, failed)


def to_run(site: Config) -> list[str]:
    """The pages to be run, each once; both languages' have to be among them or neither's."""
    run, hold = (
        [path.relative_to(site.docs).with_suffix("").as_posix() for path in paths]
        for paths in unproved.pages(site, labs)
    )
    names = [name.removeprefix("zh/") for name in run if name.startswith("zh/")]
    assert sorted(run) == sorted(
        f"{language}/{name}" for language in ("en", "zh") for name in names
    )
    assert sorted(run + hold) == sorted(
        f"{language}/a/{name}" for language in ("en", "zh") for name in ("one", "two", "words")
    )
    return names


def test_a_page_that_was_proved_here_holds(site: Config) -> None:
    """At first all pages with something to run are to be run; then those that weren't yet."""
    assert to_run(site) == ALL
    prove(site, "a/one")
    assert to_run(site) == ["a/two"]
    prove(site, "a/two")
    assert to_run(site) == []


def test_a_page_holds_as_a_whole(site: Config) -> None:
    """One block without a proof, and the page is to be run."""
    prove(site, "a/one", blocks_of_each=1)
    assert to_run(site) == ALL


def test_a_page_holds_for_a_day(site: Config) -> None:
    """What was proved longer ago is run again: what pages fetch from elsewhere changes."""
    prove(site, "a/one", ago=timedelta(hours=23))
    prove(site, "a/two", ago=timedelta(hours=25))
    assert to_run(site) == ["a/two"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("old", "new"), [("echo two", "echo  two"), ("\ntwo\n", "\nzwei\n")])
def test_a_changed_page_is_run(site: Config, language: str, old: str, new: str) -> None:
    """A changed command or word of output, in either language, and both are to be run."""
    prove(site, *ALL)
    page = site.docs / language / "a" / "one.md"
    page.write_text(page.read_text("utf-8").replace(old, new), "utf-8")
    assert to_run(site) == ["a/one"]


def test_words_for_the_reader_need_no_run(site: Config) -> None:
    """Prose isn't run, so that a change to it leaves a page's proof as it is."""
    prove(site, *ALL)
    page = site.docs / "en" / "a" / "one.md"
    page.write_text(page.read_text("utf-8").replace("# One", "# The first one"), "utf-8")
    assert to_run(site) == []


def test_another_harness_or_lab_proves_everything_again(
    site: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proofs count only for the very harness and images that they were made by."""
    prove(site, *ALL)
    rebuilt, _ = unproved.pages(site, lambda rows: {**labs(rows), "trixie": "rebuilt"})
    assert {path.stem for path in rebuilt} == {"two"}
    missing, _ = unproved.pages(site, lambda rows: dict.fromkeys(rows, ""))
    assert {path.stem for path in missing} == {"one", "two"}
    monkeypatch.setattr(identity, "harness", lambda: "changed")
    assert to_run(site) == ALL


def test_a_failure_takes_what_was_proved_before(site: Config) -> None:
    """A page that failed after it was proved is to be run, though its blocks keep their dates."""
    prove(site, *ALL)
    prove(site, failed=["a/one"])
    assert to_run(site) == ["a/one"]
    assert {record.page for record in ledger.load(site)} == set(ALL)
    prove(site, "a/one", blocks_of_each=1, failed=["a/one"])
    assert to_run(site) == ["a/one"]
    prove(site, "a/one")
    assert to_run(site) == []


def test_committed_records_are_no_reason_to_leave_a_page_out(site: Config) -> None:
    """What others proved doesn't count here: a fresh clone, with their ledger, runs every page."""
    prove(site, *ALL)
    ledger.commit(site)
    assert "identity" in ledger.local(site).read_text("utf-8")
    assert "identity" not in site.ledger.read_text("utf-8")
    assert to_run(site) == []
    ledger.local(site).unlink()
    assert len(list(ledger.load(site))) == 3
    assert to_run(site) == ALL


def test_a_page_that_cant_be_read_is_run(site: Config) -> None:
    """It is handed on to the run, which says what is wrong with it; so is one without a twin."""
    prove(site, *ALL)
    page = site.docs / "en" / "a" / "one.md"
    page.write_text(page.read_text("utf-8").replace("```\n\n", "", 1), "utf-8")
    assert to_run(site) == ["a/one"]
    page.unlink()
    run, _ = unproved.pages(site, labs)
    assert run == [site.docs / "zh" / "a" / "one.md"]


def test_the_harness_is_all_of_its_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A change to any file of the harness, or of what it is made with, is another harness."""
    (tmp_path / "node").mkdir()
    for name in ("identity.py", "node/driver.bash"):
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(identity, "__file__", str(tmp_path / "identity.py"))
    seen = set()
    for change in ("nothing", "node/driver.bash", "identity.py", "version"):
        if change == "version":
            monkeypatch.setattr("importlib.metadata.version", lambda _name: "99")
        elif change != "nothing":
            (tmp_path / change).write_text("two")
        identity.harness.cache_clear()
        seen.add(identity.harness())
    identity.harness.cache_clear()
    assert len(seen) == 4
