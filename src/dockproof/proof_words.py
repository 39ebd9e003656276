# ruff: noqa: RUF001 - Chinese has punctuation of its own
"""The words of proof notes and listings, by language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words; a name in braces stands for a value."""

    proved: str
    unproved: str
    skipped: str
    shown: str
    reason: str
    engine: str
    also: str
    cgroup: str
    needs: str
    too_old: str
    stand_ins: str
    official: str
    listed_stand_in: str
    listed_official: str
    comma: str
    title: str
    description: str
    explained: str
    data: str
    counts: str
    labs: str
    lab: str
    images: str
    head: tuple[str, str, str, str]


WORDS: Mapping[str, Words] = {
    "en": Words(
        proved="Proved",
        unproved="Not proved since it changed",
        skipped="Not run",
        shown="Shown, not run",
        reason="{what}: {reason}",
        engine="Docker {engine} (Debian {suite})",
        also="{date} on Docker {engine} (Debian {suite})",
        cgroup=", cgroup {versions}",
        needs="needs Docker {version} or newer",
        too_old="Docker {engine}, needs {version} or newer",
        stand_ins="local stand-in for {names}",
        official="official {name}, {digest}",
        listed_stand_in="`{name}`: local stand-in made from `{recipe}`, `{digest}`",
        listed_official="`{name}`: official, `{digest}`",
        comma=", ",
        title="What was proved",
        description="Each block of these notes: when it was last proved, on which engine, with "
        "which base images.",
        explained="What “proved” means",
        data="the same as data",
        counts="{proved} proved, {unproved} not proved since they changed, {skipped} not run, "
        "{shown} only shown.",
        labs="Labs",
        lab="Docker {engine} with buildx {buildx} and compose {compose} from Debian {suite}, "
        "Linux {kernel}, cgroup v{cgroup}",
        images="Base images",
        head=("block", "proved", "seconds", "Docker"),
    ),
    "zh": Words(
        proved="验证于",
        unproved="改动以后还没有验证",
        skipped="没有执行",
        shown="只是展示，没有执行",
        reason="{what}：{reason}",
        engine="Docker {engine}（Debian {suite}）",
        also="{date} 在 Docker {engine}（Debian {suite}）上",
        cgroup="，cgroup {versions}",
        needs="需要 Docker {version} 或更新的版本",
        too_old="Docker {engine}，需要 {version} 或更新的版本",
        stand_ins="本地替身 {names}",
        official="官方镜像 {name}，{digest}",
        listed_stand_in="`{name}`：按 `{recipe}` 在本地做的替身，`{digest}`",
        listed_official="`{name}`：官方镜像，`{digest}`",
        comma="、",
        title="验证记录",
        description="这些笔记里的每一个块：最近一次验证是哪一天，用的是哪个版本的引擎、哪些基础镜像。",
        explained="“实证”的意思",
        data="同样内容的数据文件",
        counts="验证过 {proved} 个，改动以后还没有验证 {unproved} 个，没有执行 {skipped} 个，"
        "只是展示 {shown} 个。",
        labs="实验环境",
        lab="Docker {engine}，buildx {buildx}，compose {compose}，来自 Debian {suite}；"
        "Linux {kernel}，cgroup v{cgroup}",
        images="基础镜像",
        head=("块", "验证于", "秒", "Docker"),
    ),
}


def words_of(language: str | None) -> Words:
    """Return a language's words; English ones for a language that has none here."""
    return WORDS.get(language or "", WORDS["en"])
