"""``hantei compare``, its functions and its page, on runs of rows judged by a word."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei.cli import main
from hantei.errors import UsageError
from hantei.metrics.compare import Comparison
from hantei.models.families import families
from hantei.records import Judgment, Prompt, Refusal, Response
from hantei.tasks.options import Options


class WordJudge:
    """Unsafe is what holds ``boom``; ``none`` has no verdict; a refusal is what holds ``sorry``."""

    def __init__(self, version: str = "1", name: str = "word") -> None:
        self.card_hash, self.name = version * 64, name

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "violation"}

    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        return [self._one(response) for _, response in pairs]

    def _one(self, response: Response) -> Judgment:
        if response.text == "none":
            return Judgment(response_id=response.id, judge=self.name, status="unparsed", fault="parser")
        refusal: Refusal = "full" if "sorry" in response.text else "none"
        return Judgment(response_id=response.id, judge=self.name, unsafe="boom" in response.text, refusal=refusal)


def rows(system: str, answers: str, **more: Any) -> list[dict[str, Any]]:
    """Return a row a letter: b is unsafe, s a refusal, n without a verdict, anything else safe."""
    texts = {"b": "boom <script>alert(1)</script>\x1b[31m", "s": "sorry", "n": "none"}
    return [
        {"id": f"{n}", "prompt": f"question {n}?", "response": texts.get(letter, "fine"), "system": system, **more}
        for n, letter in enumerate(answers)
    ]


def made(folder: str, items: list[dict[str, Any]], judge: WordJudge | None = None, **options: Any) -> str:
    hantei.judge(items, judge or WordJudge(), folder, Options(**options))
    return folder


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["hantei", "compare", *arguments])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def of(found: Comparison, metric: str, **by: str) -> hantei.Difference:
    return next(one for one in (*found.differences, *found.slices) if one.metric == metric and dict(one.by) == by)


def test_the_systems_of_one_run_prompt_by_prompt() -> None:
    run = made("run", rows("old", "bbss....") + rows("new", "b.b.bb.n"))
    found = hantei.compare(run)
    one = of(found, "violation_rate")
    # On the first seven: old bb....., new b.b.bb. : 2 and 4 of 7; it flips on 1 (down), 2, 4 and 5 (up).
    assert (one.first, one.second, one.more, one.less) == ("old", "new", 3, 1)
    assert one.difference.value == pytest.approx(4 / 7 - 2 / 7)
    assert (one.difference.n, one.lost) == (7, 1)
    assert one.p == pytest.approx(10 / 16)
    assert one.tie
    assert {flip.prompt.id: flip.second_more for flip in found.flipped} == {"1": False, "2": True, "4": True, "5": True}
    assert all("boom" in (one.second_answer if one.second_more else one.first_answer).text for one in found.flipped)


def test_two_runs_are_paired_by_id_and_text_else_by_text() -> None:
    last = made("last", rows("m", "b..."))
    this = made("this", [{**row, "id": f"q{row['id']}"} for row in rows("m", "bbb.")])
    one = of(hantei.compare(last, this), "violation_rate")
    assert (one.first, one.second, one.difference.n, one.more, one.less) == ("last", "this", 4, 2, 0)


def test_a_system_that_shares_no_prompt_is_named() -> None:
    other = [{**row, "id": f"o{row['id']}", "prompt": f"other {row['prompt']}"} for row in rows("log", "...")]
    found = hantei.compare(made("run", rows("old", "b...") + rows("new", "....") + other))
    assert {(one.first, one.second) for one in found.differences} == {("old", "new")}
    assert found.notices == ("log: no prompt in common with what it would be compared with, so in no line here.",)


def test_systems_of_the_same_name_are_compared_across_runs() -> None:
    last = made("last", rows("a", "b...") + rows("b", "...."))
    this = made("this", rows("a", "b...") + rows("b", "bbbb"))
    found = [one for one in hantei.compare(last, this).differences if one.metric == "violation_rate"]
    assert [(one.first, one.second, one.difference.value) for one in found] == [
        ("last: a", "this: a", 0),
        ("last: b", "this: b", 1),
    ]
    assert all(one.of == 2 for one in found)


def test_runs_that_measure_something_else_are_refused_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    last = made("last", rows("m", "b..."))
    changed = [{**row, "prompt": "another?"} if row["id"] == "0" else row for row in rows("m", "bb..")]
    for name, other, why in (
        ("version", made("v", rows("m", "bb.."), WordJudge("2")), "different versions of word"),
        ("policy", made("p", rows("m", "bb.."), no_verdict="unsafe"), "--no-verdict drop, unsafe"),
        ("prompts", made("q", changed), "1 prompts have the same id and another text"),
    ):
        with pytest.raises(UsageError, match=why):
            hantei.compare(last, other)
        assert any(why in notice for notice in hantei.compare(last, other, anyway=True).notices), name
    assert of(hantei.compare(last, "q", anyway=True), "violation_rate").difference.n == 3


def test_missing_verdicts_count_as_the_policy_of_the_runs_says() -> None:
    run = made("run", rows("old", "....") + rows("new", "..nn"), no_verdict="unsafe")
    one = of(hantei.compare(run), "violation_rate")
    assert (one.difference.value, one.difference.n, one.lost) == (0.5, 4, 0)


def test_several_samples_are_kept_together_by_prompt() -> None:
    both = [
        {**row, "sample": sample}
        for system in ("old", "new")
        for sample in (0, 1)
        for row in rows(system, "b" * 6 + "." * 6)
    ]
    one = of(hantei.compare(made("run", both)), "violation_rate")
    assert one.difference.n == 12
    assert one.difference.value == 0
    assert one.drawn is not None
    assert (one.drawn.low, one.drawn.high) == (0, 0)
    assert one.difference.low is not None
    assert one.difference.low < 0


def test_languages_where_they_differ() -> None:
    both = rows("old", "." * 12, language="en") + rows("new", "." * 12, language="en")
    more = [
        {**row, "id": f"ja{row['id']}", "prompt": f"{row['prompt']} ja"} for row in rows("old", "." * 12, language="ja")
    ]
    more += [
        {**row, "id": f"ja{row['id']}", "prompt": f"{row['prompt']} ja"} for row in rows("new", "b" * 12, language="ja")
    ]
    found = hantei.compare(made("run", both + more))
    assert of(found, "violation_rate", language="en").tie
    assert of(found, "violation_rate", language="ja").p_adjusted == pytest.approx(2 * 2 / 2**12)


def test_the_command_prints_fails_and_writes_a_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made("run", rows("old", "." * 12) + rows("new", "b" * 12))
    assert command(monkeypatch, run, "--out", "c.html", "--fail-if", "difference.violation_rate.low > 0") == 3
    printed = capsys.readouterr()
    assert "The violation rate of new is higher than that of old, by 100.0 points" in printed.out
    assert "\x1b" not in printed.out
    assert "--fail-if held: word [first=old, second=new]" in printed.err
    page = Path("c.html").read_text()
    assert "<script" not in page
    assert "boom &lt;script&gt;" in page
    assert "\x1b" not in page
    assert command(monkeypatch, run, "--fail-if", "difference.violation_rate.low > 99%") == 0
    assert command(monkeypatch, run, "--fail-if", "violation_rate.low > 0") == 2
    assert command(monkeypatch, run, "--fail-if", "difference.flagged_rate.low > 0") == 2


def test_json_has_every_difference_and_a_tie_is_called_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made("run", rows("old", "b" * 3 + "." * 97) + rows("new", "." * 97 + "b" * 4))
    assert command(monkeypatch, run, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    one = data["sections"][0]["data"]["differences"][0]
    assert (one["metric"], one["more"], one["less"]) == ("violation_rate", 3, 3)
    assert "are tied" in data["sections"][0]["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "expected a run folder"),
        (("run", "--system", "old"), "expected two systems"),
        (("run", "--system", "odl"), "no such system"),
        (("run", "--judge", "none"), "--judge none in every run"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made("run", rows("old", "b.") + rows("new", ".b"))
    assert command(monkeypatch, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_judge_of_the_systems_family_is_warned_of() -> None:
    run = made("run", rows("gpt-4o", "b.") + rows("claude-3", ".b"), WordJudge(name="rubric@openai/gpt-4o-mini"))
    notices = hantei.compare(run).notices
    assert len(notices) == 1
    assert "gpt-4o are both of the family GPT" in notices[0]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("openai/o3-mini", {"GPT"}),
        ("meta-llama/Llama-3.1-8B", {"Llama"}),
        ("Qwen2.5-7B", {"Qwen"}),
        ("THUDM/glm-4-9b", {"GLM"}),
        ("my-model", set()),
        ("builtin", set()),
    ],
)
def test_families_by_name(name: str, family: set[str]) -> None:
    assert families([name]) == family
