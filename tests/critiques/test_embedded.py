from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hantei.critiques.embedded import EmbeddedChecker
from hantei.critiques.matching import matcher
from hantei.critiques.reading import read_references
from hantei.critiques.scoring import scores
from hantei.critiques.swapping import swapped
from tests.critiques.made import critique


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["lexical", "encoder"])
def test_identical_critiques_score_100(data: Path, language: str, name: str) -> None:
    references = read_references([data / "safety_j" / "critique_level" / f"{language}.dev.json"])[:30]
    sep = "" if language == "zh" else " "
    written = [replace(one, units=None, text=sep.join(one.reference)) for one in references]  # units are found in it
    for found in scores(EmbeddedChecker(matcher(name)).check(written), "robust"):
        assert (found.precision.macro.value, found.recall.macro.value, found.f1.macro.value) == (1, 1, 1)
        assert (found.precision.micro.value, found.recall.micro.value, found.f1.micro.value) == (1, 1, 1)


def test_each_dialogue_gets_another_one() -> None:
    critiques = [critique(number, "B refuses.") for number in range(5)]
    partners = [one.id if one else None for one in swapped(critiques)]
    assert partners == ["2", "3", "4", "0", "1"]
    assert swapped(critiques[:1]) == [None]
    assert swapped([critiques[0], critiques[0]]) == [None, None]


def test_a_critique_that_was_not_given_is_missing() -> None:
    found = EmbeddedChecker(matcher("lexical")).check([critique(1, "B refuses.", text=None)])
    assert found[0].missing
