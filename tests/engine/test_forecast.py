from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.engine.asking import AskedModel
from hantei.engine.forecast import Forecast, count_tokens, forecast
from hantei.judges import Judge
from hantei.judges.classifying import as_judge
from hantei.models.base import Sampling
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import Asking, FakeAskingJudge, FakeModel, price


def test_tokens_of_texts() -> None:
    assert count_tokens("") == 0
    assert count_tokens("abcd" * 10) == 10
    assert count_tokens("日本語") == 3
    assert count_tokens("ab日本") == 3


@given(st.text(), st.text())
def test_longer_texts_never_have_fewer_tokens(first: str, second: str) -> None:
    assert count_tokens(first + second) >= count_tokens(first)


def estimated(asking: Asking, asked: AskedModel, *judges: Judge) -> Forecast:
    with asking.run.index(asking.samples) as index:
        return forecast(asking.run, index, [asked], judges, price)


def test_an_estimate_counts_what_is_left(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 1_000, samples=2)
    asking.plant(FakeModel(name="priced/model"))
    asked = AskedModel(model=FakeModel(name="priced/model"), sampling=Sampling(max_tokens=100))
    judge = FakeAskingJudge(FakeModel(name="priced/judge"))
    model, verdicts = estimated(asking, asked, judge, as_judge(KeywordJudge())).loads
    # 2,000 questions of two to four letters: one token and four for the message; answers of 100 tokens at a cent.
    assert (model.calls, model.input_tokens, model.output_tokens, model.cost) == (2_000, 10_000, 200_000, 2_000.0)
    assert (verdicts.calls, verdicts.output_tokens, verdicts.cost) == (2_000, 400_000, 4_000.0)
    assert verdicts.input_tokens > 2_000 * 100
    asking.drive(asked.model, KeywordJudge(), sampling=asked.sampling)
    model, verdicts = estimated(asking, asked, judge).loads
    assert (model.calls, model.cost, verdicts.calls) == (0, 0.0, 2_000)


def test_a_price_that_is_not_known_is_not_nought(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 3)
    asking.plant(FakeModel())
    guess = estimated(asking, AskedModel(model=FakeModel()), FakeAskingJudge(FakeModel(name="priced/judge")))
    assert guess.cost is None
    assert guess.calls == 6
    assert "cost unknown" in guess.lines()[0]
    assert "about $6.00" in guess.lines()[1]  # three verdicts of 200 tokens at a cent
    assert estimated(asking, AskedModel(model=FakeModel(name="priced/m"))).cost == pytest.approx(
        12.0
    )  # 400 tokens each


def test_settings_in_a_models_name_count_as_they_are_sent(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 10)
    name = "openai/m?max_tokens=50&system=abcd"
    asking.plant(FakeModel(name=name))
    judge = FakeAskingJudge(FakeModel(name="openai/j?max_tokens=7"), name="fake@openai/j?max_tokens=7")
    asked = AskedModel(model=FakeModel(name=name), sampling=Sampling(max_tokens=100))
    model, verdicts = estimated(asking, asked, judge).loads
    # The name wins over the request: 50 tokens each; a token of question and one of system prompt, four a message.
    assert (model.input_tokens, model.output_tokens) == (10 * (1 + 1 + 2 * 4), 10 * 50)
    assert verdicts.output_tokens == 10 * 7
    # An answer of 50 tokens is made up of 41 words of five letters behind "Judge: ": 212 letters.
    assert verdicts.input_tokens == 10 * (53 + 4)
