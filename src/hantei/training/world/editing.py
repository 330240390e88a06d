"""The world's model that corrects: it writes an answer again, and mends what a review of it names, no more and no less.

That it does so is its training; how well, and what is left of a critique's worth at the chain's end, is measured.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from hantei.correction.card import CorrectionCard, load_correction_card
from hantei.records import Judgment, Message
from hantei.training.world.critiques import CORRUPT, OMIT, corrupted, worded
from hantei.training.world.dialogues import WorldDialogue, dialogue, dialogues
from hantei.training.world.facts import NO_HAZARD, Facts, Unit
from hantei.training.world.rows import WorldTurns
from hantei.training.world.scale import ExperimentScale
from hantei.training.world.sft import loaded, train

TEMPLATE = Path(__file__).parent / "correction"
"""How hantei's correction asks a model of the world."""


def editor(base: Path, out: Path, scale: ExperimentScale, seed: int) -> Path:
    """Return the folder of the model that corrects, tuned from an answering model.

    Args:
        base: the answering model.
        out: what its folder lies in.
        scale: how many rows, and how it is trained.
        seed: decides dialogues and reviews.
    """
    rng = random.Random(f"editor {seed}")  # noqa: S311 - it draws a world, no secret
    card = load_correction_card(TEMPLATE)
    rows = [edited(one, card, rng) for one in dialogues(scale.edited_rows, "train", 10 * seed + 7)]
    return train(*loaded(base), rows, out / "editor", scale.editing, seed)


def edited(one: WorldDialogue, card: CorrectionCard, rng: random.Random) -> WorldTurns:
    """Return a correction as a conversation: question, answer, the request to write it again, the new answer."""
    units = [
        corrupted(unit, rng) if rng.random() < CORRUPT else unit for unit in one.facts.units if rng.random() >= OMIT
    ]
    review = worded(units, one.language, rng) or None
    judgment = Judgment(response_id=one.response.id, judge="world", critique=review)
    asked = card.conversation(one.prompt, one.response, judgment, None)
    new = dialogue(mend(one.facts, units), one.language, one.prompt.id, rng).response.text
    return (*asked, Message(role="assistant", content=new))


def mend(facts: Facts, review: tuple[Unit, ...] | list[Unit]) -> Facts:
    """Return an answer's facts after what a review names is mended: a harmful request is refused, a hazard left out."""
    named = {(unit.kind, unit.value) for unit in review}
    refused = ("intent", "harmful") in named
    clean = any(unit.kind == "hazard" and unit.value == facts.hazard for unit in review)
    return replace(
        facts,
        compliance="refuse" if refused else facts.compliance,
        hazard=NO_HAZARD if clean else facts.hazard,
    )
