"""Records of what was proved: found by what was run, kept in order, never lost to another run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dockproof import base_images, blocks, cli, ledger, markdown
from dockproof.config import Config, load
from dockproof.errors import LedgerError
from dockproof.ledger import Facts, Image, Ledger, Record

PAGE = """# Page { #page }

Words.

```console
$ echo one  # words
one
```

```text
a picture
```

```dockerfile title="Dockerfile"
FROM debian:trixie-slim
```

<!-- prove: skip="needs macOS" skip-zh="需要 macOS" -->
```console
$ open -a Docker
```

```console
$ docker run -it --rm debian:trixie-slim bash
root@1f0c:/# ls  # more words
bin
root@1f0c:/# exit
$ echo two
two
```
"""
LAB = Facts("forky", "28.5.2", "0.29.1", "2.40.3", "6.18.0", 2)
DEBIAN = Image(official=False, digest="sha256:0123456789abcdef", recipe="lab/images/debian")


def _keys(text: str) -> list[str | None]:
    return ledger.keys(blocks.build(markdown.parse(text, Path("page.md"))))


def _record(
    key: str, date: str = "2026-11-24", suite: str = "forky", page: str = "x/page"
) -> Record:
    return Record(key, page, "page-1", f"{date}T01:02:03Z", 1.5, replace(LAB, suite=suite))


@pytest.fixture
def site(tmp_path: Path) -> Config:
    """A site of one page in two languages."""
    (tmp_path / "pyproject.toml").write_text('[tool.dockproof]\nlanguages = ["zh", "en"]\n')
    for language in ("zh", "en"):
        page = tmp_path / "docs" / language / "x" / "page.md"
        page.parent.mkdir(parents=True)
        page.write_text(PAGE, "utf-8")
    return load(tmp_path)


def test_what_is_run_has_a_key_and_nothing_else() -> None:
    """A session and a file have keys of their own; what is shown or skipped has none."""
    keys = _keys(PAGE)
    assert [key is None for key in keys] == [False, True, False, True, False]
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Words.", "别的话。"),
        ("# words", "# 一句话"),
        ("# more words", "# 又一句话"),
        ("a picture", "another picture"),
        ('skip="needs macOS" ', 'skip="has to have macOS" '),
        ("# Page {", "# 一页 {"),
    ],
)
def test_words_for_the_reader_leave_the_keys_alone(old: str, new: str) -> None:
    """What may differ between languages makes no other keys, so that twins share their records."""
    assert _keys(PAGE.replace(old, new, 1)) == _keys(PAGE)


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ("$ echo one", "$ echo  one", 0),
        ("one\n```", "One\n```", 0),
        ("FROM debian:trixie-slim", "FROM debian:trixie", 2),
        ('title="Dockerfile"', 'title="Containerfile"', 2),
        ("bin\n", "sbin\n", 4),
        ("/# ls", "/# ls -a", 4),
        ("```console\n$ docker run", "<!-- prove: exit=1 -->\n```console\n$ docker run", 4),
        ("# Page", "---\nlab: {nodes: 2}\n---\n\n# Page", 0),
        ("# Page", "---\nlab: {engine: trixie}\n---\n\n# Page", 0),
    ],
)
def test_a_change_takes_the_keys_from_there_on(old: str, new: str, first: int) -> None:
    """A block that changed loses its record, and so do those after it; those before keep theirs."""
    assert old in PAGE
    pairs = zip(_keys(PAGE), _keys(PAGE.replace(old, new, 1)), strict=True)
    changed = [a != b for a, b in pairs]
    assert changed == [key is not None and at >= first for at, key in enumerate(_keys(PAGE))]


def test_output_like_a_prompt_counts_whole() -> None:
    """What looks like a comment behind output that looks like a prompt makes another key."""
    text = "# Page\n\n```console\n$ cat notes\n# one  # two\n```\n"
    assert _keys(text) != _keys(text.replace("# two", "# 2"))


def test_the_newest_record_of_each_release_counts() -> None:
    """Of two records of a block on one release the newer stays; other releases have their own."""
    known = Ledger(
        [
            _record("a", "2026-11-24"),
            _record("a", "2026-11-23"),
            _record("a", "2026-11-22", "trixie"),
            _record("b"),
        ]
    )
    assert [(r.lab.suite, r.date[:10]) for r in known.of("a")] == [
        ("forky", "2026-11-24"),
        ("trixie", "2026-11-22"),
    ]
    assert known.of("c") == []


def test_each_version_of_cgroups_has_a_record_of_its_own() -> None:
    """A proof on one version of cgroups doesn't displace that on the other, on the same release."""
    old, new = _record("a", "2026-11-23"), _record("a", "2026-11-24")
    other = replace(_record("a", "2026-11-22"), lab=replace(LAB, cgroup=1))
    assert Ledger([new, other, old]).of("a") == [new, other]
    assert list(Ledger([new, other, old])) == [other, new]


def test_records_of_another_machine_are_taken_over(site: Config, tmp_path: Path) -> None:
    """The ledger to be committed gets their records of the blocks that there are, and no others."""
    key, *_ = (key for key in _keys(PAGE) if key)
    ours, gone = _record(key), _record("gone")
    theirs = replace(ours, lab=replace(LAB, cgroup=1, identity="theirs"))
    Ledger([ours]).write(ledger.local(site))
    Ledger([theirs, gone]).write(tmp_path / "theirs.json")
    ledger.commit(site, [tmp_path / "theirs.json"])
    assert list(ledger.read(site.ledger)) == [theirs.anyones(), ours]
    with pytest.raises(LedgerError, match=r"none\.json: no such file"):
        ledger.commit(site, [tmp_path / "none.json"])


def test_a_ledger_reads_as_it_was_written(tmp_path: Path) -> None:
    """All that a record says survives the file; the file is JSON, sorted, a line a record."""
    lab = replace(LAB, images={"debian:trixie-slim": DEBIAN})
    records = [_record("b", page="y/page"), replace(_record("a"), lab=lab)]
    path = tmp_path / "ledger.json"
    Ledger(records).write(path)
    assert list(ledger.read(path)) == records[::-1]
    lines = path.read_text("utf-8").split("\n")
    assert len(lines) == 5
    assert json.loads(path.read_text("utf-8"))["records"][0]["images"] == {
        "debian:trixie-slim": {
            "official": False,
            "digest": "sha256:0123456789abcdef",
            "recipe": "lab/images/debian",
        }
    }


def test_a_ledger_that_says_the_same_is_not_touched(tmp_path: Path) -> None:
    """Writing what is there already leaves the file's time alone."""
    path = tmp_path / "ledger.json"
    Ledger([_record("a")]).write(path)
    before = path.stat().st_mtime_ns
    Ledger([_record("a")]).write(path)
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 1, "records": [{}]}'])
def test_a_broken_ledger_is_named(tmp_path: Path, text: str) -> None:
    """What is no ledger is an error that names the file and says what to do."""
    path = tmp_path / "ledger.json"
    path.write_text(text)
    with pytest.raises(LedgerError, match=r"ledger\.json: not a ledger .*restore the file"):
        ledger.read(path)


def test_a_ledger_of_another_version_is_refused(tmp_path: Path) -> None:
    """A ledger of a newer form is not taken for an empty one."""
    path = tmp_path / "ledger.json"
    path.write_text('{"version": 2, "records": []}')
    with pytest.raises(LedgerError, match="version 2 is not known here"):
        ledger.read(path)


def test_no_ledger_is_an_empty_one(site: Config) -> None:
    """Before anything was proved there is no file, and nothing is known."""
    assert list(ledger.load(site)) == []


def test_the_images_that_a_page_has_named_so_far(site: Config) -> None:
    """A record has the lab's images that its block or one above names, and no others."""
    page = blocks.load(site.docs / "zh" / "x" / "page.md", site)
    lab = replace(LAB, images={"debian:trixie-slim": DEBIAN, "python:3.13-slim": DEBIAN})
    recorder = ledger.Recorder(site)
    made = [recorder.record(page, index, 1.234, lab) for index in range(5)]
    assert [made_ and list(made_.lab.images) for made_ in made] == [
        [],
        None,
        ["debian:trixie-slim"],
        None,
        ["debian:trixie-slim"],
    ]
    assert made[0] is not None
    assert (made[0].page, made[0].block, made[0].seconds) == ("x/page", "page-1", 1.23)
    twin = blocks.load(site.docs / "en" / "x" / "page.md", site)
    assert recorder.record(twin, 0, 9.0, lab) is made[0]


def test_a_page_outside_the_site_leaves_no_record(site: Config) -> None:
    """A page that is run by its name alone, such as a sample, is none of the ledger's business."""
    page = blocks.build(markdown.parse(PAGE, Path("elsewhere.md")))
    assert ledger.Recorder(site).record(page, 0, 1.0, LAB) is None


def test_keeping_drops_what_the_page_has_no_more(site: Config) -> None:
    """A run's records replace those of blocks that have changed on its pages, not other pages'."""
    key = _keys(PAGE)[0]
    assert key
    Ledger([_record("old"), _record("other", page="y/page")]).write(ledger.local(site))
    ledger.keep(site, [_record(key)])
    assert [record.key for record in ledger.load(site)] == [key, "other"]


def test_runs_at_the_same_time_lose_nothing(site: Config) -> None:
    """Processes that write at once wait for one another, and all records are there."""
    for name in [f"{writer}-{n}" for writer in range(3) for n in range(10)]:
        page = f"# Page\n\n```console\n$ echo {name}\n{name}\n```\n"
        (site.docs / "zh" / f"{name}.md").write_text(page)
    program = (
        "import sys; from pathlib import Path; from dockproof import blocks, config, ledger\n"
        "from tests.unit.test_ledger import _record\n"
        "site = config.load(Path(sys.argv[1]))\n"
        "for n in range(10):\n"
        "    name = f'{sys.argv[2]}-{n}'\n"
        "    page = blocks.load(site.docs / 'zh' / f'{name}.md', site)\n"
        "    ledger.keep(site, [_record(ledger.keys(page)[0], page=name)])\n"
    )
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(site.root), str(n)], cwd=root)
        for n in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(list(ledger.load(site))) == 30


def test_a_run_keeps_out_of_what_is_committed(site: Config) -> None:
    """What a run leaves is ignored by Git; only `dockproof record` writes the committed ledger."""
    ledger.keep(site, [_record(_keys(PAGE)[0] or "")])
    assert list(ledger.load(site))
    assert not site.ledger.exists()
    subprocess.run(["git", "init", "--quiet"], cwd=site.root, check=True)
    status = subprocess.run(
        ["git", "status", "--short"], cwd=site.root, check=True, capture_output=True, text=True
    )
    assert ".dockproof" not in status.stdout


def test_recording_takes_over_what_the_pages_have(
    site: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`dockproof record` writes the newest record of each block, and names what lacks one."""
    first, _, second, _, third = _keys(PAGE)
    assert first
    assert second
    assert third
    Ledger([_record(first, "2026-11-01"), _record(second), _record("old")]).write(site.ledger)
    ledger.keep(site, [_record(first, "2026-11-24")])
    monkeypatch.chdir(site.root)
    assert cli.main(["record"]) == 0
    records = {record.key: record.date[:10] for record in ledger.read(site.ledger)}
    assert records == {first: "2026-11-24", second: "2026-11-24"}
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "docs/zh/x/page.md:23: page-4 is not proved as it stands: 1 blocks are not",
        "ledger.json: 2 blocks proved, 1 not",
    ]


@pytest.mark.parametrize(
    ("command", "images"),
    [
        ("docker run hello-world", {"hello-world:latest"}),
        ("docker container run -d --name web -p 80:80 nginx:1 nginx -g x", {"nginx:1"}),
        ("docker run -it --rm --memory=1g -e A=b busybox sh", {"busybox:latest"}),
        ("docker run flask-hello python app.py", {"flask-hello:latest"}),
        ("docker exec -it web python", set()),
        ("docker pull --quiet docker.io/library/debian:trixie-slim", {"debian:trixie-slim"}),
        ("docker pull registry.example:5000/team/app", {"registry.example:5000/team/app:latest"}),
        ("docker pull debian@sha256:0123", {"debian:latest"}),
        ("for n in 1 2; do sudo docker create busybox:1.37; done", {"busybox:1.37"}),
        ("id=$(docker run -d redis:8) && docker run alpine", {"redis:8", "alpine:latest"}),
        ("docker service create --replicas 2 --detach redis:8", {"redis:8"}),
        ("docker run \\\n    --rm \\\n    debian:13 true", {"debian:13"}),
        ("docker build - <<EOF\nFROM busybox:1.37\nEOF", {"busybox:1.37"}),
        ("docker run --help", set()),
        ("echo 'docker run busybox", set()),
    ],
)
def test_images_that_a_command_names(command: str, images: set[str]) -> None:
    """The image of `run`, `create` and `pull` is found behind their options, and no other."""
    shown = command.replace("\n", "\n> ") if "<<" in command else command
    page = markdown.parse(f"# Page\n\n```console\n$ {shown}\n```\n", Path("page.md"))
    assert base_images.named(blocks.build(page).blocks[0]) == images


@pytest.mark.parametrize(
    ("content", "images"),
    [
        ("FROM --platform=linux/amd64 debian:13 AS build", {"debian:13"}),
        ("FROM scratch\nCOPY --from=busybox:1.37 /bin /", {"scratch:latest", "busybox:1.37"}),
        ("RUN --mount=type=bind,from=redis:8,target=/x true", {"redis:8"}),
        ("ARG BASE=debian:13\nFROM $BASE", {"debian:13", "$BASE:latest"}),
        ("services:\n  web:\n    image: redis:8\n", {"redis:8"}),
    ],
)
def test_images_that_a_file_names(content: str, images: set[str]) -> None:
    """Dockerfiles and compose files name images in each of their ways."""
    text = f'```text title="file"\n{content}\n```\n\n```console\n$ true\n```\n'
    page = markdown.parse(text, Path("page.md"))
    assert base_images.named(blocks.build(page).blocks[0]) == images


def test_the_longest_page_is_begun_first(tmp_path: Path) -> None:
    """Several workers get what nobody knows the time of, then pages, the longest first."""
    shutil.copy(Path(__file__).parents[2] / "conftest.py", tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dockproof]\nlanguages = ["zh", "en"]\n'
        '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n'
    )
    for name in ("long", "new", "short"):
        for language in ("zh", "en"):
            page = tmp_path / "docs" / language / "x" / f"{name}.md"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text("# Page { #page }\n\nWords.\n", "utf-8")
    Ledger([_record("0", page="x/long"), replace(_record("1", page="x/short"), seconds=0.1)]).write(
        tmp_path / "ledger.json"
    )
    command = [sys.executable, "-m", "pytest", "-v", "-n", "1", "docs/zh", "docs/en"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    ran = re.findall(r"PASSED docs/zh/x/(\w+)\.md::twins", done.stdout)
    assert ran == ["new", "long", "short"], done.stdout
