"""``hantei compare`` on prompts in attacks: each beside its plain prompt, on each side and on one more than another."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hantei
from hantei.errors import UsageError
from hantei.metrics import compare_effects
from hantei.metrics.compare import Comparison
from hantei.metrics.compare_effects import EffectDifference, effect_difference
from hantei.metrics.compare_pairs import Pattern
from tests.cli.test_compare import WordJudge
from tests.commands import hantei as command

BAD = "boom <script>alert(1)</script>"


def rows(system: str, plain: str, **attacked: str) -> list[dict[str, Any]]:
    """Return a row a letter, b for unsafe: answers to plain prompts, then to each attack on the same prompts."""
    found = [
        {"id": f"{n}", "prompt": f"question {n}?", "response": BAD if letter == "b" else "fine", "system": system}
        for n, letter in enumerate(plain)
    ]
    for name, letters in attacked.items():
        found += [
            {**found[n], "id": f"{n}+{name}", "prompt": f"{name} {n}", "parent": f"{n}", "variant": f"attack/{name}",
             "response": BAD if letter == "b" else "fine"}
            for n, letter in enumerate(letters)
        ]  # fmt: skip
    return found


def compared(folder: Path, items: list[dict[str, Any]], *others: list[dict[str, Any]]) -> Comparison:
    paths = []
    for number, part in enumerate((items, *others)):
        hantei.judge(part, WordJudge(), folder / f"run{number}")
        paths.append(folder / f"run{number}")
    return hantei.compare(*paths)


def variants(found: Comparison) -> dict[tuple[str, str], hantei.Difference]:
    return {(one.first, one.second): one for one in found.variants if one.metric == "violation_rate"}


def effects(found: Comparison) -> dict[str, EffectDifference]:
    return {one.variant: one for one in found.effects if one.metric == "violation_rate"}


def test_one_system_plain_against_each_attack_and_all_together(tmp_path: Path) -> None:
    found = compared(tmp_path, rows("m", "b.......", fiction="bbb.....", base64=".bbbb..."))
    assert found.differences == ()  # there is one system
    by = variants(found)
    fiction, base64 = by["m (plain)", "m (fiction)"], by["m (plain)", "m (base64)"]
    assert (fiction.difference.value, fiction.more, fiction.less, fiction.of) == (2 / 8, 2, 0, 2)
    assert (base64.difference.value, base64.more, base64.less) == (3 / 8, 4, 1)
    every = by["m (plain)", "m (every attack)"]
    assert every.difference.value == pytest.approx(7 / 16 - 1 / 8)
    assert (every.difference.n, every.of) == (8, 1)  # a plain prompt counts once
    assert every.difference.method == "newcombe, clustered by prompt"


def test_attacks_that_change_nothing_show_none_though_some_prompts_have_more_of_them(tmp_path: Path) -> None:
    base = rows("base", "bb..", fiction="bb..", base64="bb")  # 4 of 6 in attacks are unsafe, as their plain prompts are
    tuned = rows("tuned", "....", fiction="....", base64="..")
    found = compared(tmp_path, base + tuned)
    every = variants(found)["base (plain)", "base (every attack)"]
    assert every.first_rate.value == every.second_rate.value == pytest.approx(4 / 6)
    assert (every.difference.value, every.p, every.more, every.less) == (0, 1, 0, 0)
    attack = effects(found)["attack"]
    assert (attack.first_effect.value, attack.second_effect.value, attack.difference.value) == (0, 0, 0)


def test_sides_are_compared_on_plain_prompts_and_their_changes_with_each_other(tmp_path: Path) -> None:
    before = rows("base", "bb......", fiction="bbbb....")
    after = rows("tuned", "........", fiction="bbb.....")
    found = compared(tmp_path, before + after)
    [whole] = [one for one in found.differences if one.metric == "violation_rate"]
    assert (whole.difference.value, whole.difference.n) == (-2 / 8, 8)  # of 16 prompts the 8 plain ones
    [one] = effects(found).values()
    assert (one.first_effect.value, one.second_effect.value) == (2 / 8, 3 / 8)
    assert one.difference.value == pytest.approx(1 / 8)
    assert one.difference.n == 8
    assert one.tie
    assert not [flip for flip in found.flipped if flip.prompt.parent]


def test_a_model_before_and_after_it_was_tuned_lies_in_two_runs(tmp_path: Path) -> None:
    before, after = rows("m", "." * 40, fiction="." * 40), rows("m", "." * 40, fiction="b" * 20 + "." * 20)
    [one] = effects(compared(tmp_path, before, after)).values()
    assert (one.first, one.second, one.difference.value, one.tie) == ("run0", "run1", 0.5, False)


def test_a_translation_and_an_adaptation_of_one_item_are_a_pair(tmp_path: Path) -> None:
    items = [{**row, "variant": row["variant"].removeprefix("attack/")} if "parent" in row else row
             for row in rows("m", "....", translation="b...", adaptation="bbb.")]  # fmt: skip
    found = compared(tmp_path, items)
    by = variants(found)
    assert by["m (translation)", "m (adaptation)"].difference.value == 2 / 4
    assert set(by) == {
        ("m (plain)", "m (translation)"), ("m (plain)", "m (adaptation)"), ("m (translation)", "m (adaptation)"),
    }  # fmt: skip


def test_attacks_without_their_plain_prompts_are_prompts_like_others(tmp_path: Path) -> None:
    both = rows("a", "b...", fiction="bb..") + rows("z", "....", fiction="b...")
    found = compared(tmp_path, [row for row in both if "parent" in row])
    assert not found.variants
    assert not found.effects
    [whole] = [one for one in found.differences if one.metric == "violation_rate"]
    assert whole.difference.n == 4


def test_one_system_without_attacks_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected two systems to compare"):
        compared(tmp_path, rows("m", "b..."))


def test_the_command_says_it_and_its_page_runs_nothing(tmp_path: Path) -> None:
    hostile = rows("m<b>", "." * 30, fiction="b" * 15 + "." * 15)
    hostile += [{**row, "id": f"{row['id']}!", "variant": "attack/<script>alert(1)</script>"}
                for row in hostile if "parent" in row]  # fmt: skip
    hantei.judge(hostile, WordJudge(), tmp_path / "run")
    page = tmp_path / "page.html"
    said = command("compare", str(tmp_path / "run"), "--out", str(page))
    assert said.exit_code == 0
    assert (
        "The violation rate of m<b> (every attack) is higher than that of m<b> (plain), by 50.0 points" in said.output
    )
    text = page.read_text(encoding="utf-8")
    assert "What attacks and other variants change" in text
    assert "<script>alert" not in text
    check = ["--fail-if", "difference.violation_rate[variant=attack/fiction].low > 0.2"]
    assert command("compare", str(tmp_path / "run"), *check).exit_code == 3


def test_the_interval_of_two_effects_holds_and_never_is_a_point() -> None:
    same = Counter({(Pattern(1, 0, 1, 0), Pattern(1, 0, 1, 0)): 50})
    found = effect_difference(same, "m", "j", "attack", ("a", "b"))
    assert found.difference.value == 0
    assert found.difference.low is not None
    assert found.difference.low < 0 < (found.difference.high or 0)
    assert found.p == 1
    # each side gives way on all 20 prompts that it did not give way on before: effects 1 and 0, difference -1
    apart = Counter({(Pattern(1, 0, 1, 1), Pattern(1, 0, 1, 0)): 20})
    found = effect_difference(apart, "m", "j", "attack", ("a", "b"))
    assert (found.first_effect.value, found.second_effect.value, found.difference.value) == (1, 0, -1)
    assert found.p == pytest.approx(2 / 2**20, abs=2e-4)


def test_the_interval_of_two_effects_covers_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_effects, "_exchange", lambda _both: 1.0)  # only the interval is of interest
    rng = np.random.default_rng(1)

    def answers(prompts: int) -> Any:  # (prompts, sides, plain or in an attack), hard prompts hard for both
        hard = rng.normal(size=(prompts, 1, 1))
        pull = np.array([[-1.0, -0.2], [-2.0, -1.7]])
        return rng.normal(scale=0.7, size=(prompts, 2, 2)) + hard + pull > 0

    share = answers(400_000).mean(axis=0)
    truth = (share[1, 1] - share[1, 0]) - (share[0, 1] - share[0, 0])
    covered = 0
    for _ in range(400):
        patterns = (tuple(Pattern(1, int(a), 1, int(b)) for a, b in one) for one in answers(100))
        found = effect_difference(Counter(patterns), "m", "j", "attack", ("a", "b")).difference  # type: ignore[arg-type]
        covered += (found.low or -9) <= truth <= (found.high or 9)
    assert covered >= 369  # of 400 at 95% fewer are seen once in 100 times
