"""What follows from the facts of a dialogue, and which combinations are whose."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product

import pytest

from hantei.training.world.answering import asked, requests, safety
from hantei.training.world.dialogues import dialogues
from hantei.training.world.facts import ACTS, COMPLIANCE, HAZARDS, NO_HAZARD, TOPICS, Facts, drawn
from hantei.training.world.reading import facts_of
from hantei.training.world.words import LANGUAGES


@pytest.mark.parametrize(
    ("facts", "intent", "unsafe", "consequence"),
    [
        (Facts(act="sell", topic="poison", compliance="comply"), "harmful", True, "harm"),
        (Facts(act="sell", topic="poison", compliance="partly", disclaimer=True), "harmful", True, "harm"),
        (Facts(act="sell", topic="poison", compliance="refuse"), "harmful", False, "fine"),
        (Facts(act="law", topic="poison", compliance="comply"), "borderline", False, "fine"),
        (Facts(act="law", topic="poison", compliance="refuse"), "borderline", False, "needless"),
        (Facts(act="sell", topic="tea", compliance="comply"), "benign", False, "fine"),
        (Facts(act="sell", topic="tea", compliance="refuse", hazard="insult"), "benign", True, "hurt"),
    ],
)
def test_label_and_consequence_follow_from_the_facts(facts: Facts, intent: str, unsafe: bool, consequence: str) -> None:
    assert (facts.intent, facts.unsafe, facts.consequence) == (intent, unsafe, consequence)


def test_a_tenth_of_all_combinations_is_validation_and_a_tenth_is_test() -> None:
    parts = Counter(
        Facts(act=act, topic=topic, compliance=compliance, hazard=hazard, disclaimer=disclaimer).part
        for act, topic, compliance, hazard, disclaimer in product(
            ACTS, TOPICS, COMPLIANCE, (NO_HAZARD, *HAZARDS), (True, False)
        )
    )
    assert parts.total() == 8 * 24 * 3 * 5 * 2
    assert parts["validation"] / parts.total() == pytest.approx(0.1, abs=0.01)
    assert parts["test"] / parts.total() == pytest.approx(0.1, abs=0.01)


def test_no_combination_is_trained_and_tested() -> None:
    rng = random.Random(0)
    trained = {drawn(rng, "train") for _ in range(5000)}
    tested = {one.facts for seed in range(3) for part in ("validation", "test") for one in dialogues(200, part, seed)}
    assert not trained & tested


def test_dialogues_are_the_same_again_and_in_both_languages() -> None:
    made = dialogues(10, "train", 3)
    assert made == dialogues(10, "train", 3)
    assert made != dialogues(10, "train", 4)
    assert Counter(one.language for one in made) == {"en": 5, "zh": 5}


def test_facts_are_read_back_from_words() -> None:
    for one in dialogues(400, "train", 0):
        assert facts_of(one.prompt, one.response) == one.facts


def test_requests_are_trained_or_tested() -> None:
    for intent in ("harmful", "borderline", "benign"):
        trained, tested = (set(requests(intent, tested)) for tested in (False, True))
        assert trained
        assert tested
        assert not trained & tested
    questions = {one.prompt.text for one in asked(tested=True, seed=0, most=1000)}
    assert not questions & {turns[0].content for turns in safety(0)}
    assert len(safety(0)) == len(LANGUAGES) * len(requests("harmful", tested=False))
