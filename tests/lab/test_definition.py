"""The lab's definition: what is wrong in it is told, with the file's name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from dockproof.lab import LabError
from dockproof.lab.definition import load_definition

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copy(lab_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the definition, to be spoilt."""
    monkeypatch.delenv("DOCKPROOF_ENGINE", raising=False)
    return shutil.copytree(lab_dir, tmp_path / "lab")


def test_image_names_follow_their_content(copy: Path) -> None:
    """A changed recipe changes the registry's name and not the machines', and the other way."""
    before = load_definition(copy)
    (copy / "images/redis/Dockerfile").write_text("FROM debian:trixie-slim\n")
    recipe = load_definition(copy)
    assert recipe.mirror_image != before.mirror_image
    assert recipe.mirror_base == before.mirror_base
    assert recipe.node_image(recipe.suite) == before.node_image(before.suite)
    with (copy / "node/start").open("a") as start:
        start.write("# changed\n")
    node = load_definition(copy)
    assert node.node_image(node.suite) != recipe.node_image(recipe.suite)
    assert node.mirror_image == recipe.mirror_image


def test_extra_packages_change_the_machines_of_one_engine(copy: Path) -> None:
    """What an engine's machines have besides is in their image's name, and in no other name."""
    before = load_definition(copy)
    engines = copy / "engines.toml"
    engines.write_text(engines.read_text().replace('extra = ["vagrant"]', 'extra = ["figlet"]'))
    after = load_definition(copy)
    old, new = before.suites["trixie"], after.suites["trixie"]
    assert (old.extra, new.extra) == (("vagrant",), ("figlet",))
    assert after.node_image(new) != before.node_image(old)
    assert after.base_image(new) == before.base_image(old)
    assert after.mirror_image == before.mirror_image
    assert after.node_image(after.suite) == before.node_image(before.suite)


def test_page_gets_the_engine_it_asks_for(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for nothing, it is the environment's; a name without a row is refused."""
    monkeypatch.setenv("DOCKPROOF_ENGINE", "bookworm")
    definition = load_definition(copy)
    assert definition.suite_of("").name == "bookworm"
    assert definition.suite_of("trixie").name == "trixie"
    with pytest.raises(LabError, match=r"engines\.toml: no engine 'hoary'"):
        definition.suite_of("hoary")


def test_engine_is_chosen_by_the_environment(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKPROOF_ENGINE picks a row; a name without a row is refused with those there are."""
    monkeypatch.setenv("DOCKPROOF_ENGINE", "trixie")
    assert load_definition(copy).suite.engine == "26.1.5"
    monkeypatch.setenv("DOCKPROOF_ENGINE", "hoary")
    with pytest.raises(
        LabError, match=r"engines\.toml: no engine 'hoary'; there are: forky, sid, trixie, bookworm"
    ):
        load_definition(copy)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("engines.toml", "default = ", r"engines\.toml: "),
        ("images/redis/image.toml", "", r"images/redis/image\.toml: names no tags"),
        ("images.lock", "debian\n", r"images\.lock: "),
    ],
)
def test_wrong_file_is_named(copy: Path, file: str, content: str, message: str) -> None:
    """A file that can't be read as what it has to be is named."""
    (copy / file).write_text(content)
    with pytest.raises(LabError, match=message):
        load_definition(copy)
