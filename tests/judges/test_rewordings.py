"""The other wordings and orders of options that cards have: the same options, another text, another judge."""

from __future__ import annotations

import re

import pytest

from hantei.judges import preview
from hantei.judges.loading import rewordings


def options(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.match(r"\d[:：]", line)]


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
@pytest.mark.parametrize("card", ["rubric", "action", "borderline"])
def test_turned_options_are_the_same_from_the_last_to_the_first(card: str, language: str) -> None:
    own, turned = (preview(name, None, None, language) for name in (card, f"{card}?options=turned"))
    assert sorted(own.splitlines()) == sorted(turned.splitlines())
    requests = list(zip(own.split("=== request")[1:], turned.split("=== request")[1:], strict=True))
    assert len(requests) == (2 if card == "borderline" else 1)
    for one, other in requests:
        assert len(options(one)) > 2
        assert options(other) == options(one)[::-1]


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
@pytest.mark.parametrize("card", ["rubric", "action"])
@pytest.mark.parametrize("wording", ["short", "stakes"])
def test_another_wording_leaves_options_and_form_of_the_reply(card: str, wording: str, language: str) -> None:
    own, other = (preview(name, None, None, language) for name in (card, f"{card}?wording={wording}"))
    changed = [line for line in other.splitlines() if line not in own.splitlines()]
    assert len(changed) == 1
    assert options(other) == options(own)


def test_a_judge_is_tried_in_every_other_wording_one_change_at_a_time() -> None:
    model = "openai/m?base_url=http://127.0.0.1:1/v1"
    assert f"rubric?turn=each&wording=short@{model}" in rewordings(f"rubric?turn=each@{model}")
    assert rewordings(f"rubric?region=jp&wording=short@{model}") == (
        f"rubric?region=jp&wording=own@{model}",
        f"rubric?region=jp&wording=stakes@{model}",
        f"rubric?region=jp&wording=short&options=turned@{model}",
    )


@pytest.mark.parametrize(
    "name", ["builtin", "wildguard-style@openai/m", "recorded@said.jsonl", "rubric?calibration=c@openai/m"]
)
def test_a_judge_without_other_wordings_has_none(name: str) -> None:
    assert rewordings(name) == ()
