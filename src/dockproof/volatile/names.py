"""Names that the engine makes up for containers without one."""

from __future__ import annotations

from dockproof.volatile.rule import Rule

# The first halves that the engine chooses from (moby/moby, internal/namesgenerator). The whole
# list stands here so that a reader's own `my_volume` is never taken for a made-up name.
_FIRST = """
admiring adoring affectionate agitated amazing angry awesome beautiful blissful bold boring
brave busy charming clever compassionate competent condescending confident cool cranky crazy
dazzling determined distracted dreamy eager ecstatic elastic elated elegant eloquent epic
exciting fervent festive flamboyant focused friendly frosty funny gallant gifted goofy gracious
great happy hardcore heuristic hopeful hungry infallible inspiring intelligent interesting jolly
jovial keen kind laughing loving lucid magical modest musing mystifying naughty nervous nice
nifty nostalgic objective optimistic peaceful pedantic pensive practical priceless quirky
quizzical recursing relaxed reverent romantic sad serene sharp silly sleepy stoic strange
stupefied suspicious sweet tender thirsty trusting unruffled upbeat vibrant vigilant vigorous
wizardly wonderful xenodochial youthful zealous zen
""".split()  # noqa: SIM905 - a list would take a page

RULES = (
    Rule(
        name="generated name",
        reason="the engine makes up a name for a container that was given none",
        page=rf"\b(?:{'|'.join(_FIRST)})_[a-z]+[0-9]?\b",
        sample=("elastic_dewdney", "zen_hopper"),
        near_miss=("elastic_dewdney", "plastic_dewdney"),
        live="name",
    ),
)
