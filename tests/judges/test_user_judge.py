"""Mistakes in a judge of the user's own: each is one line that says what was expected, before anything is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei.errors import CardError, HanteiError, RunError, UsageError
from hantei.records import Judgment

ROWS = [{"id": "1", "prompt": "How are you today?", "response": "Fine, thank you."}]


class Good:
    name: Any = "good"
    card_hash: Any = "1"

    def outline(self) -> Any:
        return {"rate_kind": "flagged"}

    def judge(self, pairs: Any) -> Any:
        return [Judgment(response_id=response.id, judge=self.name, unsafe=False) for _, response in pairs]


class Asks(Good):
    models: Any = ()

    def requests(self, _prompt: Any, _response: Any) -> Any:
        return ()

    async def judge(self, pairs: Any, ask: Any) -> Any:  # type: ignore[override]
        for _, response in pairs:
            yield Judgment(response_id=response.id, judge=self.name, unsafe=False)


class NoHash(Good):
    card_hash = None


class NoName(Good):
    name = ""


class NumberAsName(Good):
    name = 3


class NoOutline(Good):
    outline = None  # type: ignore[assignment]


class TextAsOutline(Good):
    def outline(self) -> Any:
        return "flagged"


class OddOutline(Good):
    def outline(self) -> Any:
        return {"rate_kind": "often"}


class Yields(Good):
    def judge(self, pairs: Any) -> Iterator[Any]:
        yield from super().judge(pairs)


class AsyncClassifier(Good):
    async def judge(self, pairs: Any) -> Any:
        return super().judge(pairs)


class YieldsWhereItAsks(Asks):
    def judge(self, pairs: Any, ask: Any) -> Iterator[Any]:  # type: ignore[override]
        yield from ()


class ReturnsAList(Asks):
    async def judge(self, pairs: Any, ask: Any) -> Any:  # type: ignore[override]
        return Good.judge(self, pairs)


class NoModels(Asks):
    models = None


class NoRequests(Asks):
    requests = None  # type: ignore[assignment]


class Empty:
    pass


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (
            NoHash(),
            r"judge NoHash: expected card_hash \(a text that changes when its verdicts do\) as a text, got none",
        ),
        (NoName(), r"judge NoName: expected name \(what reports call it\) as a text, got an empty one"),
        (NumberAsName(), r"judge NumberAsName: expected name .* as a text, got int"),
        (NoOutline(), r"judge NoOutline: expected outline\(\) to return a dictionary"),
        (TextAsOutline(), r"judge TextAsOutline: expected outline\(\) to return a dictionary"),
        (Yields(), r"judge Yields: judge\(pairs\) yields: expected a plain def that returns a list"),
        (
            AsyncClassifier(),
            r"judge AsyncClassifier: judge\(pairs\) is async: expected a plain def .*, or judge\(pairs, a",
        ),
        (YieldsWhereItAsks(), r"judge\(pairs, ask\) is a plain generator: expected an async def that yields"),
        (ReturnsAList(), r"judge\(pairs, ask\) returns once at its end: expected an async def that yields"),
        (NoModels(), "judge NoModels: expected models, a list"),
        (NoRequests(), r"judge NoRequests: expected requests\(prompt, response\)"),
        (Empty(), "judge: expected the name of a judge, or an object with .*; got Empty"),
        (None, "judge: expected the name of a judge, or an object with .*; got NoneType"),
        (Good, r"judge Good: expected a judge, got its class: write Good\(\)"),
    ],
)
def test_what_is_no_judge(tmp_path: Path, judge: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        hantei.judge(ROWS, judge, tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_outline_that_cannot_be_written_is_refused_before_anything_is(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="judge good: its outline is of another shape"):
        hantei.judge(ROWS, OddOutline(), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


class Other(Good):
    card_hash = "2"


def test_two_judges_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two different judges are called good: give each a name of its own"):
        hantei.judge(ROWS, [Good(), Other()], tmp_path / "run")


class ReturnsNone(Good):
    def judge(self, pairs: Any) -> Any:
        return None


class ReturnsTooFew(Good):
    def judge(self, pairs: Any) -> Any:
        return []


class ReturnsTexts(Good):
    def judge(self, pairs: Any) -> Any:
        return ["unsafe" for _ in pairs]


class YieldsTruth(Asks):
    async def judge(self, pairs: Any, ask: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        yield True


class PlainList(Asks):
    def judge(self, pairs: Any, ask: Any) -> Any:  # type: ignore[override]
        return Good.judge(self, pairs)


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (ReturnsNone(), r"judge good: judge\(pairs\) returned NoneType: expected a list with a Judgment for each pair"),
        (ReturnsTooFew(), "judge good: gave 0 judgments of 1 answers"),
        (ReturnsTexts(), "judge good: expected a Judgment, got str"),
        (YieldsTruth(), "judge good: expected a Judgment, got bool"),
        (PlainList(), r"judge good: judge\(pairs, ask\) gave list: expected an async def that yields each Judgment"),
    ],
)
def test_what_a_judge_gives_is_no_judgment(tmp_path: Path, judge: Any, said: str) -> None:
    with pytest.raises(RunError, match=said) as caught:
        hantei.judge(ROWS, judge, tmp_path / "run")
    assert isinstance(caught.value, HanteiError)
    assert not (tmp_path / "run" / "judgments" / "good.jsonl").read_bytes()
    assert [one.unsafe for one in hantei.judge(ROWS, Good(), tmp_path / "run").judgments("good")] == [False]


class Raises(Good):
    def judge(self, pairs: Any) -> Any:
        raise ValueError("it broke")


class RaisesAsking(Asks):
    async def judge(self, pairs: Any, ask: Any) -> Any:  # type: ignore[override]
        raise ValueError("it broke")
        yield


class GivesNothing(Good):
    def judge(self, pairs: Any) -> Any:
        return []


class GivesTruth(Good):
    def judge(self, pairs: Any) -> Any:
        return [True for _ in pairs]


BROKEN = [
    (Raises(), "judge good raised ValueError: it broke"),
    (RaisesAsking(), "judge good raised ValueError: it broke"),
    (GivesNothing(), "judge good: gave 0 judgments of 1 answers"),
    (GivesTruth(), "judge good: expected a Judgment, got bool"),
]


@pytest.mark.parametrize(("judge", "said"), BROKEN)
def test_what_a_judge_does_wrong_is_a_line_that_names_it(tmp_path: Path, judge: Any, said: str) -> None:
    with pytest.raises(RunError, match=said) as told:
        hantei.judge(ROWS, judge, tmp_path / "run")
    assert "raised" not in said or isinstance(told.value.__cause__, ValueError)


@pytest.mark.parametrize(("judge", "said"), BROKEN)
def test_and_of_one_answer(judge: Any, said: str) -> None:
    with pytest.raises(RunError, match=said):
        hantei.judge_one("How are you?", "Fine.", judge)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (hantei.Options(limits=hantei.Limits(max_connections="two")), "--max-connections two: expected a whole number"),  # type: ignore[arg-type]
        (hantei.Options(limits=hantei.Limits(max_cost="much")), "--max-cost much: expected a number"),  # type: ignore[arg-type]
    ],
)
def test_options_of_another_kind(tmp_path: Path, options: hantei.Options, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        hantei.judge(ROWS, Good(), tmp_path / "run", options)
