"""Object ids, digests and other names that engines draw at random."""

from __future__ import annotations

from dockproof.volatile.rule import Rule

_A = "3f2a91c07b5d"
_B = "b1946ac92492"
_LONG = "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce"
_OTHER = "ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d"

RULES = (
    Rule(
        name="digest",
        reason="a digest covers times and metadata that differ from build to build",
        page=r"(?<=sha256:)[0-9a-f]{6,64}(?![0-9a-zA-Z])",
        sample=(f"sha256:{_LONG}", f"sha256:{_OTHER}"),
        near_miss=(f"sha256:{_LONG}", f"sha512:{_LONG}"),
        live="id",
    ),
    Rule(
        name="object id",
        reason="the engine draws ids of containers and networks at random",
        page=r"(?<![0-9a-zA-Z])[0-9a-f]{64}(?![0-9a-zA-Z])",
        sample=(_LONG, _OTHER),
        near_miss=(_LONG, _OTHER[:-1]),
        live="id",
    ),
    Rule(
        name="short object id",
        reason="the first twelve digits of an id",
        # A number of twelve digits is a number; ids on pages have a letter and a digit.
        page=r"(?<![0-9a-zA-Z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{12}(?![0-9a-zA-Z])",
        run=r"(?<![0-9a-zA-Z])[0-9a-f]{12}(?![0-9a-zA-Z])",
        sample=(f"{_A}   you/hello", f"{_B}   you/hello"),
        near_miss=(f"{_A}   you/hello", f"{_B[:-1]}g   you/hello"),
        live="id",
    ),
    Rule(
        name="cut id",
        reason="the first digits of an id, written before `…`",
        # A number alone is a number, unless it is the name of a host.
        page=(
            r"(?<=@)[0-9a-f]{3,11}(?=…)"
            r"|(?<![0-9a-zA-Z\[])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{3,11}(?=…)"
        ),
        run=r"[0-9a-f]{LENGTH}",
        sample=("root@1f0c…:/#", "root@3d943815f395:/#"),
        near_miss=("root@1f0c…:/#", "root@node1:/#"),
        live="id",
    ),
    Rule(
        name="swarm id",
        reason="the swarm draws ids of nodes, services and tasks at random",
        page=r"(?<![0-9a-zA-Z])(?=[0-9a-z]*[a-z])(?=[0-9a-z]*[0-9])[0-9a-z]{25}(?![0-9a-zA-Z])",
        sample=("x3ti0erg11rjpg64m75kej2mz", "dvfxp4zseq4s0rih1selh0d20"),
        near_miss=("x3ti0erg11rjpg64m75kej2mz", "x3ti0erg11rjpg64m75kej2m"),
        live="swarm id",
    ),
    Rule(
        name="short swarm id",
        reason="the first twelve characters of a swarm's id, at the start of a row",
        page=r"^(?=[0-9a-z]*[g-z])(?=[0-9a-z]*[0-9])[0-9a-z]{12}(?= {2,}\S)",
        run=r"(?=[0-9a-z]*[g-z])[0-9a-z]{12}",
        sample=("x3ti0erg11rj   web   replicated", "dvfxp4zseq4s   web   replicated"),
        near_miss=("x3ti0erg11rj   web   replicated", "dvfxp4zseq4   web   replicated"),
        live="swarm id",
    ),
    Rule(
        name="swarm token",
        reason="made from the swarm's own certificate and a secret that it draws at random",
        page=r"(?<![0-9a-zA-Z-])SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}(?![0-9a-zA-Z-])",
        sample=(
            "SWMTKN-1-37anvki7w81btc31ya77fwik7wzkit858vo54xjg0r3fbov18f-cgq0gjhh8z5nyk9ad9n9fsat9",
            "SWMTKN-1-5x0rq2u6m1yzd9kcfj3eiw8h7gba4tnvlso1p5mq0xk2uz6yd9-9s0ib1xjg4hro2tqkz5v7c3mw",
        ),
        near_miss=(
            "SWMTKN-1-37anvki7w81btc31ya77fwik7wzkit858vo54xjg0r3fbov18f-cgq0gjhh8z5nyk9ad9n9fsat9",
            "SWMTKN-1-5x0rq2u6m1yzd9kcfj3eiw8h7gba4tnvlso1p5mq0xk2uz6yd9-9s0ib1xjg4hro2tqkz5v7c3m",
        ),
        live="swarm token",
    ),
    Rule(
        name="UUID",
        reason="drawn at random",
        page=r"(?<![0-9a-zA-Z-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-zA-Z-])",
        sample=("0d4e8a4c-53c1-4c66-9f4e-6d3b6a0e7f11", "7be1a8f2-0f7b-4f0e-8a53-0c6f6d2f6b7e"),
        near_miss=("0d4e8a4c-53c1-4c66-9f4e-6d3b6a0e7f11", "0d4e8a4c-53c1-4c66-9f4e-6d3b6a0e7f1"),
        live="uuid",
    ),
    Rule(
        name="overlay link",
        reason="overlay2 draws the short name of a layer's folder at random",
        page=r"(?<=/l/)[0-9A-Z]{26}(?![0-9a-zA-Z])",
        sample=(
            "/var/lib/docker/overlay2/l/6Y5IM2XC7TSNIJZZFLJCS6I4I4",
            "/var/lib/docker/overlay2/l/B3WWEFKBG3PLLV737KZFIASSW7",
        ),
        near_miss=(
            "/var/lib/docker/overlay2/l/6Y5IM2XC7TSNIJZZFLJCS6I4I4",
            "/var/lib/docker/overlay2/l/6Y5IM2XC7TSNIJZZFLJCS6I4I",
        ),
        live="overlay link",
    ),
)
