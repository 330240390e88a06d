"""Fitting cascades: both guarantees by simulation, beside the naive choices that break them, and the whole command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hantei.cli import main
from hantei.errors import InputError, UsageError
from hantei.judges import load_judge
from hantei.judges.cascade.fit import read_fit
from hantei.judges.cascade.rule import ALWAYS, NEVER, CascadeRule
from hantei.record_lines import to_line
from hantei.records import Judgment, response_id
from hantei.training.builtin.thresholds import error_bound, for_accuracy, for_budget
from hantei.training.cascade import FitOptions, train
from hantei.training.cascade_rule import Goal, LabelledVerdicts, RuleName, answers, choose, curve, fit_rule, point

Doubles = NDArray[np.float64]
Classes = NDArray[np.int64]
FITS = 300


# -- the bound and the two thresholds on examples that can be worked out


def test_the_bound_without_an_error_is_the_rule_of_three() -> None:
    n = 60
    bound = error_bound(np.zeros(n, dtype=np.int64), np.arange(n), 0.95)
    assert bound == pytest.approx(1 - 0.05 ** (1 / n))


def test_the_bound_is_clopper_and_pearsons() -> None:
    from scipy.stats import beta, binom

    wrong = np.repeat([1, 0], [7, 93])
    bound = error_bound(wrong, np.arange(100), 0.9)
    assert bound == pytest.approx(beta.ppf(0.9, 8, 93))
    assert binom.cdf(7, 100, bound) == pytest.approx(0.1)


def test_answers_to_one_question_count_as_fewer() -> None:
    alike = np.repeat([1, 0], [10, 90])
    apart = error_bound(alike, np.arange(100), 0.95)
    assert error_bound(alike, np.arange(100) // 10, 0.95) > apart


def test_the_bound_where_nothing_or_only_errors_are_kept() -> None:
    assert error_bound(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 0.95) == 1
    assert error_bound(np.ones(5, dtype=np.int64), np.arange(5), 0.95) == 1


def test_a_budget_is_an_order_statistic() -> None:
    score = np.arange(1, 20) / 20  # 19 answers: each lies below a new one with a chance of a twentieth
    question = np.arange(19)
    assert for_budget(score, question, 0.2) == score[3]  # of rank 4 = 0.2 * 20
    assert for_budget(score, question, 0.249) == score[3]
    assert for_budget(score, question, 0.04) == NEVER
    assert for_budget(score, question, 1.0) == ALWAYS


def test_equal_scores_are_asked_about_together_or_not_at_all() -> None:
    score = np.array([0.5] * 10 + [0.9] * 9)
    assert for_budget(score, np.arange(19), 0.3) == 0.5  # nothing is below it: half of all at once would be too many
    assert for_budget(score, np.arange(19), 0.6) == 0.9


def test_no_threshold_where_none_can_be_shown() -> None:
    score, wrong = np.full(40, 0.99), np.zeros(40, dtype=np.int64)
    assert for_accuracy(score, wrong, np.arange(40), 0.95, 0.95) == ALWAYS  # 40 without an error say too little
    assert for_accuracy(np.full(400, 0.99), np.zeros(400, dtype=np.int64), np.arange(400), 0.95, 0.95) == 0.0


# -- the guarantees by simulation


def calibrated(score: Doubles) -> Doubles:
    return 1 - score


def overconfident(score: Doubles) -> Doubles:
    """Errs most where it is surest: accuracy does not fall with the threshold alone."""
    return np.where(score > 0.96, 0.3, np.where(score > 0.75, 0.02, 0.45))


def kept_error(threshold: float, error: Callable[[Doubles], Doubles]) -> float:
    population = np.linspace(0.5, 1, 20_001)
    kept = population[population >= threshold]
    return float(error(kept).mean()) if len(kept) else 0.0


def naive(score: Doubles, wrong: Classes, target: float) -> float:
    """The lowest threshold at which the sample's own error among the kept is at most what is wanted."""
    order = np.argsort(-score)
    errors = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(errors <= 1 - target)
    return float(score[order][good[-1]]) if len(good) else ALWAYS


@pytest.mark.parametrize(("error", "target"), [(calibrated, 0.9), (overconfident, 0.85)])
def test_the_accuracy_is_missed_no_more_often_than_promised(error: Callable[[Doubles], Doubles], target: float) -> None:
    rng, confidence, n = np.random.default_rng(1), 0.9, 1000
    missed, naively, found = 0, 0, 0
    for _ in range(FITS):
        score = rng.uniform(0.5, 1, n)
        wrong = (rng.uniform(size=n) < error(score)).astype(np.int64)
        threshold = for_accuracy(score, wrong, np.arange(n), target, confidence)
        found += threshold < ALWAYS
        missed += kept_error(threshold, error) > 1 - target
        naively += kept_error(naive(score, wrong, target), error) > 1 - target
    noise = 3 * np.sqrt(0.1 * 0.9 / FITS)
    assert missed / FITS <= 1 - confidence + noise
    assert naively / FITS > 1 - confidence + noise  # the test would notice a threshold without a guarantee
    assert found > FITS / 2


def test_the_accuracy_holds_with_several_answers_to_a_question() -> None:
    rng, questions, each, target = np.random.default_rng(2), 120, 10, 0.8
    missed, apart, found = 0, 0, 0
    for _ in range(FITS):
        score = np.repeat(rng.uniform(0.5, 1, questions), each)
        # Nine of ten questions are answered alike: all right or all wrong together.
        alike = np.repeat(rng.uniform(size=questions), each)
        own = np.where(np.repeat(rng.uniform(size=questions) < 0.9, each), alike, rng.uniform(size=len(score)))
        wrong = (own < calibrated(score)).astype(np.int64)
        threshold = for_accuracy(score, wrong, np.arange(len(score)) // each, target, 0.9)
        found += threshold < ALWAYS
        missed += kept_error(threshold, calibrated) > 1 - target
        apart += kept_error(for_accuracy(score, wrong, np.arange(len(score)), target, 0.9), calibrated) > 1 - target
    most = 0.1 + 3 * np.sqrt(0.1 * 0.9 / FITS)
    assert missed / FITS <= most
    assert apart / FITS > most  # the test would notice answers to one question that are taken for independent
    assert found > FITS / 3


def test_the_share_of_calls_is_within_the_budget_on_average() -> None:
    rng, budget, n = np.random.default_rng(3), 0.25, 9
    ours, naively = [], []
    for _ in range(4000):
        score = rng.uniform(size=n)  # a new answer's score is below t with the chance t
        ours.append(for_budget(score, np.arange(n), budget))
        naively.append(np.quantile(score, budget))
    noise = 3 * np.std(ours) / np.sqrt(len(ours))
    assert np.mean(ours) == pytest.approx(0.2, abs=noise)  # rank 2 of 10
    assert np.mean(naively) > budget + noise


def test_the_budget_holds_with_unequal_questions() -> None:
    rng, budget, questions = np.random.default_rng(4), 0.3, 30
    shares = []
    for _ in range(1500):
        # Questions with many answers have low scores; a new answer is to a new question, each as likely.
        size = rng.choice([1, 12], questions)
        score = np.repeat(rng.uniform(size=questions), size) / np.repeat(np.where(size > 1, 2, 1), size)
        threshold = for_budget(score, np.repeat(np.arange(questions), size), budget)
        shares.append(0.5 * min(1, 2 * max(threshold, 0)) + 0.5 * max(threshold, 0))
    assert np.mean(shares) <= budget + 3 * np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) > budget - 0.06


# -- rules learnt, curves, and verdicts


def population(n: int, seed: int) -> LabelledVerdicts:
    """A cheap judge that is right as often as it says, an expensive one that is right 9 times in 10."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.4] * 6, n)
    label = np.array([rng.choice(6, p=row) for row in p])
    other = (label + rng.integers(1, 6, n)) % 6
    expensive = np.where(rng.uniform(size=n) < 0.9, label, other)
    return LabelledVerdicts(
        head="action", label=label, cheap=p.argmax(axis=1), chances=p, question=np.arange(n), expensive=expensive
    )


def test_a_temperature_is_found_again() -> None:
    made = population(4000, 0)
    sharper = made.chances**2 / (made.chances**2).sum(axis=1, keepdims=True)
    changed = LabelledVerdicts(
        head="action", label=made.label, cheap=made.cheap, chances=np.maximum(sharper, 1e-4), question=made.question
    )
    assert fit_rule(made, "confidence").temperature == pytest.approx(1, abs=0.08)
    assert fit_rule(changed, "confidence").temperature == pytest.approx(0.5, abs=0.05)


def test_the_confusion_is_counted_with_half_an_answer_more() -> None:
    made = LabelledVerdicts(
        head="unsafe",
        label=np.array([0, 0, 0, 1]),
        cheap=np.array([0, 0, 1, 1]),
        chances=np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]),
        question=np.arange(4),
        expensive=np.array([0, 0, 1, 1]),
    )
    found = fit_rule(made, "value").confusion
    assert found is not None
    assert found.tolist() == [[0.625, 0.375], [0.25, 0.75]]


def test_asking_where_it_is_worth_most_beats_asking_the_least_sure() -> None:
    sample, new = population(3000, 1), population(3000, 2)
    found = {}
    names: tuple[RuleName, ...] = ("confidence", "value")
    for name in names:
        rule = fit_rule(sample, name)
        threshold = choose(sample, rule, Goal(budget=0.3))
        found[name] = point(new, rule, threshold, 0.95)
    assert found["value"]["calls"] == pytest.approx(0.3, abs=0.03)
    assert found["confidence"]["calls"] == pytest.approx(0.3, abs=0.03)
    assert (found["value"]["accuracy"] or 0) > (found["confidence"]["accuracy"] or 0)


def test_a_curve_goes_from_the_cheap_judge_to_the_expensive_one() -> None:
    made = population(800, 3)
    points = curve(made, CascadeRule("action"), 0.95)
    calls = [one["calls"] for one in points]
    assert calls == sorted(calls, key=float)  # type: ignore[arg-type]
    assert points[0]["calls"] == 0
    assert points[0]["accuracy"] == pytest.approx((made.cheap == made.label).mean(), abs=1e-6)
    assert points[-1]["calls"] == 1
    assert made.expensive is not None
    assert points[-1]["accuracy"] == pytest.approx((made.expensive == made.label).mean(), abs=1e-6)
    assert points[-1]["kept_error"] is None
    for one in points[:-1]:
        assert one["kept_error_bound"] is not None
        assert one["kept_error"] is not None
        assert one["kept_error_bound"] > one["kept_error"]


def test_an_answer_without_the_cheap_judges_verdict_is_always_a_call() -> None:
    made = population(200, 4)
    made.cheap[:50] = -1
    rule = CascadeRule("action")
    assert point(made, rule, 0.0, 0.95)["calls"] == 0.25
    with pytest.raises(UsageError, match=r"no verdict on 25\.0% of the sample"):
        choose(made, rule, Goal(budget=0.2))
    assert made.expensive is not None
    asked = np.ones(200, dtype=np.bool_)
    assert (answers(made, rule, asked) == made.expensive).all()
    assert point(made, rule, choose(made, rule, Goal(budget=0.4)), 0.95)["calls"] == pytest.approx(0.395, abs=0.01)


# -- from files to a file


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Labelled answers, and the verdicts of a cheap judge that is right as often as it says, and of a good one."""
    monkeypatch.chdir(tmp_path)
    rng, n = np.random.default_rng(5), 600
    rows, cheap, expensive = [], [], []
    for number in range(n):
        p = float(np.round(rng.beta(0.3, 0.3), 4))
        label = bool(rng.uniform() < p)
        identity = response_id("made", str(number), 0)
        rows.append(
            {"id": str(number), "system": "made", "question": f"Q{number}?", "answer": f"A{number}.", "unsafe": label}
        )
        cheap.append(Judgment(response_id=identity, judge="c", unsafe=p >= 0.5, p_unsafe=p, in_training=number < 20))
        expensive.append(Judgment(response_id=identity, judge="e", unsafe=label != (rng.uniform() < 0.05)))
    Path("labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("cheap.jsonl").write_bytes(b"".join(map(to_line, cheap)))
    Path("expensive.jsonl").write_bytes(b"".join(map(to_line, expensive)))
    return Path("labelled.jsonl")


def test_a_fit_is_written_and_used(files: Path) -> None:
    said: list[str] = []
    options = FitOptions(
        cheap="recorded@cheap.jsonl", expensive="recorded@expensive.jsonl", goal=Goal(target_accuracy=0.9)
    )
    fit = train([files], Path("cascade.json"), options, said.append)
    assert said == ["20 of 600 rows are in the training data of recorded@cheap.jsonl and are left out"]
    assert (fit.sample["rows"], fit.sample["in_training_left_out"]) == (580, 20)
    assert fit.sample["learnt_from"] + fit.sample["measured_on"] == 580
    assert 0.5 < fit.threshold < 0.99
    bound = fit.operating["kept_error_bound"]
    assert bound is not None
    assert bound <= 0.1
    assert "With 95% confidence the cheap judge is right on at least 90.0%" in fit.guarantee
    assert read_fit(Path("cascade.json"))[0].threshold == fit.threshold
    judge = load_judge("cascade?fit=cascade.json@recorded@cheap.jsonl,recorded@expensive.jsonl")
    assert judge.outline()["cascade"]["operating"] == fit.operating
    Path("cheap.jsonl").write_bytes(Path("cheap.jsonl").read_bytes() + b"\n")
    with pytest.raises(Exception, match="another judge or version"):
        load_judge("cascade?fit=cascade.json@recorded@cheap.jsonl,recorded@expensive.jsonl")


def test_a_fit_that_nothing_reaches_asks_about_everything(files: Path) -> None:
    options = FitOptions(cheap="recorded@cheap.jsonl", goal=Goal(target_accuracy=0.9999))
    fit = train([files], Path("cascade.json"), options)
    assert fit.threshold == ALWAYS
    assert "every answer goes to the expensive judge" in fit.guarantee
    assert fit.operating["calls"] == 1


def test_the_value_rule_has_its_confusion_in_the_file(files: Path) -> None:
    options = FitOptions(
        cheap="recorded@cheap.jsonl", expensive="recorded@expensive.jsonl", rule="value", goal=Goal(budget=0.2)
    )
    fit = train([files], Path("cascade.json"), options)
    assert fit.confusion is not None
    assert fit.confusion[0][0] > 0.85
    assert fit.operating["calls"] == pytest.approx(0.2, abs=0.02)
    assert "At most 20.0% of answers" in fit.guarantee


def test_a_run_of_one_file_keeps_bare_ids_and_still_matches(files: Path) -> None:
    bare = Path("cheap.jsonl").read_text().replace('"made/', '"').replace('/0"', '"')
    Path("bare.jsonl").write_text(bare)
    fit = train([files], Path("cascade.json"), FitOptions(cheap="recorded@bare.jsonl", goal=Goal(budget=0.2)))
    assert fit.sample["rows"] == 580


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (FitOptions(), "one of --target-accuracy 0.95 and --budget 0.2"),
        (FitOptions(goal=Goal(0.9, 0.2)), "one of --target-accuracy 0.95 and --budget 0.2"),
        (FitOptions(goal=Goal(1.0)), "--target-accuracy 1: expected a number between 0 and 1"),
        (FitOptions(goal=Goal(0.9, confidence=0.0)), "--confidence 0"),
        (FitOptions(goal=Goal(budget=1.5)), "--budget 1.5"),
        (FitOptions(rule="value", goal=Goal(0.9)), "give a --budget"),
        (FitOptions(rule="value", goal=Goal(budget=0.2)), "give its verdicts with --expensive"),
        (FitOptions(head="harm", goal=Goal(budget=0.2)), "--head harm: expected unsafe or action"),  # type: ignore[arg-type]
        (FitOptions(rule="best", goal=Goal(budget=0.2)), "--rule best: expected confidence or value"),  # type: ignore[arg-type]
        (FitOptions(cheap="recorded@other.jsonl", goal=Goal(budget=0.2)), "no id is that of a row"),
        (FitOptions(cheap="recorded@mute.jsonl", goal=Goal(budget=0.2)), "gives no probability for unsafe"),
        (FitOptions(cheap="rubric@replay/replies.jsonl", goal=Goal(budget=0.2)), "asks a model, which fitting"),
    ],
)
def test_what_cannot_be_fitted_is_refused(files: Path, options: FitOptions, said: str) -> None:
    Path("other.jsonl").write_bytes(to_line(Judgment(response_id="x", judge="c", p_unsafe=0.5)))
    ids = [response_id("made", str(number), 0) for number in range(600)]
    Path("mute.jsonl").write_bytes(b"".join(to_line(Judgment(response_id=i, judge="c", unsafe=True)) for i in ids))
    Path("replies.jsonl").write_text('{"prompt": "x", "response": "y"}\n')
    with pytest.raises(UsageError, match=said):
        train([files], Path("cascade.json"), options)
    assert not Path("cascade.json").exists()


def test_a_sample_that_is_too_small_is_refused(files: Path) -> None:
    few = Path("few.jsonl")
    few.write_text("".join(files.read_text().splitlines(keepends=True)[:45]))
    with pytest.raises(InputError, match="25 answers with a label for unsafe are left, 30 needed"):
        train([few], Path("cascade.json"), FitOptions(cheap="recorded@cheap.jsonl", goal=Goal(budget=0.2)))


def test_a_judge_trained_on_the_sample_is_refused(data: Path, tmp_path: Path) -> None:
    labels = data / "do_not_answer" / "human" / "annotated_response_GPT4.csv"
    said: list[str] = []
    with pytest.raises(UsageError, match="trained on 100% of these rows"):
        train([labels], tmp_path / "cascade.json", FitOptions(goal=Goal(budget=0.2)), said.append)
    assert said == ["939 of 939 rows are in the training data of builtin and are left out"]


def test_the_command(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["hantei", "train", "cascade", str(files), "--cheap", "recorded@cheap.jsonl", "--out", "cascade.json"]
    monkeypatch.setattr(sys, "argv", [*base, "--budget", "0.25", "--expensive", "recorded@expensive.jsonl"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    out, err = capsys.readouterr()
    assert "20 of 600 rows are in the training data" in err
    assert "chosen" in out
    assert "At most 25.0% of answers are expected to go to the expensive judge" in out
    assert "cascade?fit=cascade.json@recorded@cheap.jsonl,EXPENSIVE" in out
    monkeypatch.setattr(sys, "argv", [*base, "--budget", "0.25", "--json"])
    with pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["goal"] == {"budget": 0.25}
