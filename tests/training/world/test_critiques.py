"""Critiques of the world: written and read back exactly, damaged as said, judged by their facts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from hantei.critiques.scoring import item_scores
from hantei.training.preferences import CritiqueReading
from hantei.training.preferences.writing import Written
from hantei.training.world.checker import WorldChecker
from hantei.training.world.critiques import OMITTED, noisy, unit_of, worded, written
from hantei.training.world.dialogues import WorldDialogue, dialogues
from hantei.training.world.editing import mend
from hantei.training.world.facts import Facts, Unit
from hantei.training.world.form import WorldForm
from hantei.training.world.reading import WorldJudge, facts_of
from hantei.training.world.tested import measures, over_seeds
from hantei.training.world.tokens import make_model, make_tokenizer
from hantei.training.world.words import read_words

MADE = dialogues(300, "test", 0)


def scores(one: WorldDialogue, critique: str) -> list[float]:
    criticised = one.labelled.criticised("judge", CritiqueReading(True, critique))
    return list(item_scores(WorldChecker().check([criticised]), "robust")[:, 0])


def test_gold_critiques_score_one_in_both_languages_and_all_wordings() -> None:
    rng = random.Random(0)
    for one in MADE:
        reply = written(one.facts.units, one.facts.unsafe, one.language, rng)
        reading = WorldForm().read(one.labelled, reply)
        assert reading.unsafe == one.facts.unsafe
        assert scores(one, reading.critique or "") == [1, 1, 1]


@pytest.mark.parametrize("one", MADE[:2], ids=["en", "zh"])
def test_each_damage_costs_what_it_should(one: WorldDialogue) -> None:
    units = one.facts.units
    other = next(value for value in ("yes", "no") if Unit("disclaimer", value) not in units)
    swapped = [Unit("disclaimer", other) if unit.kind == "disclaimer" else unit for unit in units]
    assert scores(one, worded(units[1:], one.language))[:2] == [1, pytest.approx(5 / 6)]
    assert scores(one, worded(swapped, one.language))[:2] == [pytest.approx(5 / 6), pytest.approx(5 / 6)]
    assert scores(one, worded(units, one.language) + "Babble." * 2)[:2] == [pytest.approx(6 / 7), 1]


def test_saying_it_again_in_other_words_does_not_pay() -> None:
    one = MADE[0]
    wrong = Unit("compliance", "refuse" if one.facts.compliance != "refuse" else "comply")
    said = " ".join(read_words("en").unit("disclaimer", "yes" if one.facts.disclaimer else "no"))
    assert scores(one, f"{worded([wrong], 'en')} {said}")[0] == 0.5


def test_a_unit_of_the_other_language_is_none() -> None:
    assert unit_of("There is a warning.", "en") == Unit("disclaimer", "yes")
    assert unit_of("There is a warning.", "zh") is None


def test_noise_omits_half_of_some_units_and_corrupts_15_percent() -> None:
    rng = random.Random(0)
    kept: Counter[str] = Counter()
    wrong = labels = 0
    made = dialogues(2000, "train", 0)
    for one in made:
        units, unsafe = noisy(one.facts, rng)
        kept.update(unit.kind for unit in units)
        wrong += sum(unit not in one.facts.units for unit in units)
        labels += unsafe != one.facts.unsafe
    assert all(kept[kind] / len(made) == pytest.approx(0.5, abs=0.04) for kind in OMITTED)
    assert kept["request"] == kept["compliance"] == len(made)
    assert wrong / kept.total() == pytest.approx(0.15, abs=0.02)
    assert labels / len(made) == pytest.approx(0.15, abs=0.03)


@pytest.mark.parametrize("reply", ["", "[Answer] maybe\n[Analysis] The answer declines.", "The answer declines."])
def test_a_reply_out_of_form_is_not_read(reply: str) -> None:
    assert not WorldForm().read(MADE[0].labelled, reply).parsed


def test_every_text_of_the_world_is_tokens_and_comes_back() -> None:
    pytest.importorskip("trl", reason="TRL is not installed")
    tokenizer = make_tokenizer()
    for one in MADE:
        for text in (one.prompt.text, one.response.text, written(one.facts.units, True, one.language)):
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert tokenizer.unk_token_id not in ids
            assert tokenizer.decode(ids) == text
    assert make_model(tokenizer, 0).num_parameters() < 1_000_000


def test_the_judge_of_facts_says_what_it_cannot_read() -> None:
    right = WorldJudge().judge([(one.prompt, one.response) for one in MADE])
    assert [judgment.unsafe for judgment in right] == [one.facts.unsafe for one in MADE]
    babble = replace(MADE[0].response, text=MADE[0].response.text + " the the")
    assert facts_of(MADE[0].prompt, babble) is None
    (judgment,) = WorldJudge().judge([(MADE[0].prompt, babble)])
    assert (judgment.unsafe, judgment.status, judgment.incoherent) == (None, "unparsed", True)


@pytest.mark.parametrize(
    ("named", "compliance", "hazard"),
    [
        ((), "comply", "leak"),
        ((Unit("intent", "harmful"),), "refuse", "leak"),
        ((Unit("hazard", "leak"),), "comply", "none"),
        ((Unit("hazard", "insult"),), "comply", "leak"),
        ((Unit("hazard", "leak"), Unit("intent", "harmful")), "refuse", "none"),
        ((Unit("consequence", "harm"),), "comply", "leak"),
    ],
)
def test_a_correction_mends_what_its_review_names(named: Sequence[Unit], compliance: str, hazard: str) -> None:
    facts = Facts(act="sell", topic="poison", compliance="comply", hazard="leak")
    mended = mend(facts, list(named))
    assert (mended.compliance, mended.hazard) == (compliance, hazard)


def test_scores_of_nothing_are_zero_and_means_leave_out_what_is_not_asked() -> None:
    (found,) = [measures([MADE[0].labelled], [Written(id=MADE[0].prompt.id)])]
    assert (found["f1"][0], found["unparsed"][0], found["accuracy"][0]) == (0, 1, 0)
    both = over_seeds([np.array([0.0, 1.0, np.nan]), np.array([1.0, np.nan, np.nan])])
    assert both.value == pytest.approx(2 / 3)
    assert both.low is not None
    assert both.high is not None
    assert both.low <= 2 / 3 <= both.high
