"""The notes below blocks and the listing, in sites that MkDocs builds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from dockproof import blocks, ledger
from dockproof.config import load
from dockproof.ledger import Facts, Image, Ledger, Record
from dockproof.proof_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = """# Page { #page }

## Plain { #plain }

```console
$ echo one
one
```

## In a list { #list }

1. A step:

    ```console
    $ echo two
    two
    ```

    Words behind it.

## In boxes { #boxes }

!!! note

    ```console
    $ echo three
    three
    ```

??? success "Answer"

    ```console
    $ echo four
    four
    ```

=== "Linux"

    ```text
    a picture
    ```

=== "macOS"

    <!-- prove: skip="needs <macOS>" skip-zh="需要 macOS" -->
    ```console
    $ open -a Docker
    ```

> Quoted:
>
> ```console
> $ echo five
> five
> ```

## Annotated { #annotated }

```dockerfile title="app/Dockerfile"
FROM debian:trixie-slim # (1)!
```

1.  The base image.

## Displayed { #displayed }

<!-- prove: display -->
```c
int main(void) {}
```

1.  A list that annotates nothing.

## Gated { #gated }

<!-- prove: engine=>=27 -->
```console
$ docker build --check -t app app
```
"""
EXPLAINED = "# How to read { #how }\n\n## Proved { #proved }\n\nWords.\n"
SETTINGS = """
site_name: Sample
site_url: http://127.0.0.1/{language}/
docs_dir: docs/{language}
site_dir: site/{language}
theme: mkdocs
extra: {{proof: {{explained: start/how.md#proved, page: proof.md}}}}
plugins: []
hooks: [{hooks}/sessions.py, {hooks}/proof.py]
markdown_extensions: [admonition, attr_list, md_in_html, pymdownx.details, pymdownx.highlight,
  pymdownx.superfences, pymdownx.tabbed: {{alternate_style: true}}]
"""
LAB = Facts("forky", "28.5.2", "0.29.1", "", "6.18.0", 2)
STAND_IN = Image(official=False, digest="sha256:0123456789abcdef", recipe="lab/images/debian")
OFFICIAL = Image(official=True, digest="sha256:fedcba9876543210", recipe="")
_NOTE = re.compile(r'<p class="proof proof--(\w+)" data-search-exclude>(.*?)</p>')


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two pages in two languages."""
    (tmp_path / "pyproject.toml").write_text('[tool.dockproof]\nlanguages = ["zh", "en"]\n')
    for language in ("zh", "en"):
        for name, text in (("x/page.md", PAGE), ("start/how.md", EXPLAINED)):
            page = tmp_path / "docs" / language / name
            page.parent.mkdir(parents=True)
            page.write_text(text, "utf-8")
        settings = SETTINGS.format(language=language, hooks=ROOT / "hooks")
        (tmp_path / f"mkdocs.{language}.yml").write_text(settings)
    return tmp_path


def _build(project: Path, language: str = "en", page: str = "x/page") -> str:
    config = load_config(str(project / f"mkdocs.{language}.yml"), strict=True)
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    return (project / "site" / language / page / "index.html").read_text("utf-8")


def _prove(project: Path, lab: Facts = LAB, date: str = "2026-11-24") -> None:
    """Leave a record of each block of the page, as a run would."""
    site = load(project)
    page = blocks.load(site.docs / "en" / "x" / "page.md", site)
    found = [
        Record(key, "x/page", block.name, f"{date}T01:02:03Z", 0.5, lab)
        for block, key in zip(page.blocks, ledger.keys(page), strict=True)
        if key
    ]
    ledger.keep(site, found)


def _texts(html: str) -> list[tuple[str, str]]:
    """Return each note's looks and words, without markup."""
    return [(look, re.sub(r"<[^>]+>", "", text)) for look, text in _NOTE.findall(html)]


def _sections(html: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"(?=<h2 )", html)[1:]:
        yield re.findall(r'id="([\w-]+)"', part)[0], part


def test_every_block_of_a_site_without_records_says_so(project: Path) -> None:
    """With nothing recorded a strict build succeeds, and each block says what it is."""
    unproved = ("unproved", "Not proved since it changed")
    assert _texts(_build(project)) == [
        unproved,
        unproved,
        unproved,
        unproved,
        ("skipped", "Shown, not run"),
        ("skipped", "Not run: needs &lt;macOS&gt;"),
        unproved,
        unproved,
        ("skipped", "Shown, not run"),
        unproved,
    ]


def test_proved_block_says_when_and_on_what(project: Path) -> None:
    """A note has the day, the engine, and each base image as official or as a stand-in."""
    images = {"debian:trixie-slim": STAND_IN, "redis:8": OFFICIAL, "busybox:1.37": STAND_IN}
    _prove(project, replace(LAB, images=images))
    first, *_, last = _texts(_build(project))
    assert first[0] == "proved"
    assert first[1] == (
        "Proved 2026-11-24 · Docker 28.5.2 (Debian forky) · official redis:8, sha256:fedcba987654 "
        "· local stand-in for busybox:1.37, debian:trixie-slim"
    )
    assert "needs Docker 27 or newer" in last[1]


def test_notes_are_in_the_page_s_language(project: Path) -> None:
    """The Chinese page has Chinese notes, and the Chinese reason of a skip."""
    _prove(project, replace(LAB, images={"debian:trixie-slim": STAND_IN}))
    texts = _texts(_build(project, "zh"))
    assert texts[0][1].startswith("验证于 2026-11-24 · Docker 28.5.2")
    assert texts[0][1].endswith("本地替身 debian:trixie-slim")
    assert texts[5] == ("skipped", "没有执行：需要 macOS")  # noqa: RUF001 - Chinese


def test_each_note_stands_right_below_its_block(project: Path) -> None:
    """A note follows its block in the same container: list item, box, tab, quote."""
    html = _build(project)
    before = [html[: match.start()].rstrip() for match in _NOTE.finditer(html)]
    assert [text.endswith(("</code></pre></div>", "</code></pre>\n</div>")) for text in before] == [
        True,
        True,
        True,
        True,
        True,
        True,
        True,
        False,  # the list of the block's annotations stands between
        True,
        True,
    ]
    sections = dict(_sections(html))
    assert re.search(r"</p>\s*<p>Words behind it\.</p>\s*</li>", sections["list"])
    assert len(re.findall(r"</p>\s*</div>", sections["boxes"])) >= 2
    assert re.search(r'proof--\w+".*</p>\s*</blockquote>', sections["boxes"])


def test_annotations_stay_next_to_their_block(project: Path) -> None:
    """Material finds a block's annotations in a list right behind it, so the note comes after."""
    sections = dict(_sections(_build(project)))
    assert re.search(r"</div>\s*<ol>", sections["annotated"])
    assert re.search(r"</ol>\s*<p class=\"proof", sections["annotated"])
    assert re.search(r"</p>\s*<ol>", sections["displayed"])


def test_changed_block_and_those_after_it_are_unproved(project: Path) -> None:
    """A change takes the proof from its block and from what follows, and from nothing before."""
    _prove(project)
    page = project / "docs" / "en" / "x" / "page.md"
    page.write_text(PAGE.replace("$ echo three\n    three", "$ echo 3\n    3"), "utf-8")
    looks = [look for look, _ in _texts(_build(project))]
    assert looks[:4] == ["proved", "proved", "unproved", "unproved"]
    assert looks[6:] == ["unproved", "unproved", "skipped", "unproved"]


def test_block_too_new_for_the_engine_says_so(project: Path) -> None:
    """Where the page was proved on an older engine than a block needs, the block says that."""
    _prove(project, replace(LAB, suite="trixie", engine="26.1.5"))
    site = load(project)
    known = Ledger(r for r in ledger.load(site) if r.block != "gated-1")
    known.write(ledger.local(site))
    assert _texts(_build(project))[-1] == (
        "skipped",
        "Not run: Docker 26.1.5, needs 27 or newer",
    )


def test_block_proved_on_two_engines_names_both(project: Path) -> None:
    """The newest proof comes first, those on other releases follow."""
    _prove(project, replace(LAB, suite="trixie", engine="26.1.5"), "2026-11-20")
    _prove(project)
    assert _texts(_build(project))[0][1] == (
        "Proved 2026-11-24 · Docker 28.5.2 (Debian forky) "
        "· 2026-11-20 on Docker 26.1.5 (Debian trixie)"
    )


def test_block_proved_on_both_versions_of_cgroups_names_them(project: Path) -> None:
    """A note says which version of cgroups a proof is of where there are proofs of both."""
    _prove(project, replace(LAB, suite="trixie", engine="26.1.5"), "2026-11-20")
    _prove(project, replace(LAB, cgroup=1), "2026-11-20")
    _prove(project, replace(LAB, cgroup=2))
    assert _texts(_build(project))[0][1] == (
        "Proved 2026-11-24 · Docker 28.5.2 (Debian forky, cgroup v2) "
        "· 2026-11-20 on Docker 28.5.2 (Debian forky, cgroup v1) "
        f"· 2026-11-20 on Docker 26.1.5 (Debian trixie, cgroup v{LAB.cgroup})"
    )
    listing = _build(project, "zh", "proof")
    old, new = (WORDS["zh"].cgroup.format(versions=f"v{version}") for version in (1, 2))
    assert f"28.5.2 (forky{new}), 28.5.2 (forky{old}), 26.1.5" in listing
    assert {"1", "2"} == set(re.findall(r"cgroup v(\d)</li>", listing))


def test_proofs_of_one_day_on_both_versions_of_cgroups_are_one(project: Path) -> None:
    """What differs in the version of cgroups alone is said once, with both versions."""
    _prove(project, replace(LAB, cgroup=2))
    _prove(project, replace(LAB, cgroup=1))
    text = _texts(_build(project))[0][1]
    assert text == "Proved 2026-11-24 · Docker 28.5.2 (Debian forky, cgroup v1, v2)"


def test_notes_lead_to_what_explains_them(project: Path) -> None:
    """Each note links to the section on proofs; without one the site builds all the same."""
    html = _build(project)
    links = re.findall(r'<p class="proof [^>]*><a href="([^"]+)"', html)
    assert links == ["../../start/how/#proved"] * 10
    (project / "docs" / "en" / "start" / "how.md").unlink()
    assert re.findall(r'<p class="proof [^>]*>(Not|Shown)', _build(project))


def test_notes_are_not_searched(project: Path) -> None:
    """The search index has the blocks, but neither the notes nor the listing."""
    settings = project / "mkdocs.en.yml"
    text = settings.read_text("utf-8")
    text = text.replace("theme: mkdocs", "theme: {name: material, font: false}")
    settings.write_text(text.replace("plugins: []", "plugins: [material/search]"))
    _prove(project)
    _build(project)
    index = (project / "site" / "en" / "search" / "search_index.json").read_text("utf-8")
    assert "echo five" in index
    assert "forky" not in index
    assert "What was proved" not in json.dumps(json.loads(index)["docs"])


def test_listing_has_every_block_and_the_data(project: Path) -> None:
    """The listing names each block with its proof; the site carries the records as JSON."""
    _prove(project, replace(LAB, images={"debian:trixie-slim": STAND_IN}))
    site = load(project)
    gone = Record("gone", "x/page", "old-1", "2026-11-01T00:00:00Z", 0.5, LAB)
    Ledger([gone]).write(site.ledger)
    html = _build(project, "en", "proof")
    rows = re.findall(r"<tr>\s*<td><a href=\"([^\"]+)\">([^<]+)</a></td>\s*<td>([^<]*)</td>", html)
    assert rows[0] == ("../x/page/#plain", "plain-1", "2026-11-24")
    assert [name for _, name, _ in rows] == [
        "plain-1",
        "list-1",
        "boxes-1",
        "boxes-2",
        "boxes-3",
        "boxes-4",
        "boxes-5",
        "annotated-app/Dockerfile",
        "displayed-1",
        "gated-1",
    ]
    assert "7 proved, 0 not proved since they changed, 1 not run, 2 only shown." in html
    assert "local stand-in made from <code>lab/images/debian</code>" in html
    assert 'href="../ledger.json"' in html
    data = json.loads((project / "site" / "en" / "ledger.json").read_text("utf-8"))
    assert sorted(entry["block"] for entry in data["records"]) == sorted(
        name for _, name, day in rows if day == "2026-11-24"
    )


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        (
            "\n\n## More { #more }\n\n    an indented block\n",
            "docs/en/x/page.md:1: MkDocs shows 11 blocks, the harness sees 10",
        ),
        (
            "\n\n## More { #more }\n\n    an indented block\n\n```console\n$ echo six\n```\n",
            "docs/en/x/page.md:86: MkDocs shows another block here, beginning with 'an indented",
        ),
        ("\n```sh\n$ x\n```\n", "docs/en/x/page.md:81: the fence of sh is neither run nor"),
    ],
)
def test_block_that_the_harness_does_not_see_stops_the_build(
    project: Path, addition: str, message: str
) -> None:
    """What MkDocs shows as a block has to be one that the harness counts, or the build fails."""
    page = project / "docs" / "en" / "x" / "page.md"
    page.write_text(PAGE + addition, "utf-8")
    with pytest.raises(Abort, match=re.escape(message)):
        _build(project)


def test_broken_ledger_stops_the_build(project: Path) -> None:
    """A ledger that can't be read isn't taken for an empty one."""
    (project / "ledger.json").write_text("{}")
    with pytest.raises(Abort, match=r"ledger\.json: not a ledger"):
        _build(project)


def test_the_site_s_own_notes_have_their_explanation() -> None:
    """The page and anchor that this site's configuration names are there, in each language."""
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    target = re.search(r"explained: (\S+)#(\S+)", settings)
    assert target
    for language in ("zh", "en"):
        text = (ROOT / "docs" / language / target[1]).read_text("utf-8")
        assert f"{{ #{target[2]} }}" in text
