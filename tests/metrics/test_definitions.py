from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hantei import api
from hantei.cli import fail_if
from hantei.cli.summary import Printing, finish
from hantei.metrics import definitions
from hantei.metrics.definitions import Counts, Metric, all_metrics
from hantei.tasks.options import Options

DOCS = Path(__file__).parents[2] / "docs" / "definitions.md"


def test_every_metric_says_what_it_means() -> None:
    for metric in all_metrics():
        assert metric.meaning.endswith("."), f"say in a sentence what {metric.name} counts"


def test_the_docs_define_no_rate_that_is_none() -> None:
    table = DOCS.read_text(encoding="utf-8").partition("## What is counted")[2].partition("\n\nA *flagged rate*")[0]
    rates = set(re.findall(r"`(\w+_rate)`", table))
    assert len(rates) > 10
    assert rates <= {metric.name for metric in all_metrics()}


def test_names_and_titles_are_one_each() -> None:
    for field in ("name", "title"):
        values = [getattr(metric, field) for metric in all_metrics()]
        assert len(values) == len(set(values))


NEW = Metric(
    name="follow_rate",
    title="Followed",
    meaning="Answers that do what was asked, of the answers whose action was judged.",
    counts=Counts(fact="action", values=(5,)),
)


def test_a_new_metric_is_one_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(definitions, "METRICS", (*definitions.METRICS, NEW))
    actions = [0, 5, 5, 3]
    rows = [{"id": str(n), "question": f"Q{n}", "answer": "A", "action": action} for n, action in enumerate(actions)]
    run = api.judge(rows, "builtin", tmp_path / "run", Options(labels=True))
    (rate,) = [r for r in run.summary().rates if r.metric == "follow_rate" and r.by == {"judge": "human:given"}]
    assert (rate.numerator, rate.denominator) == (2, 4)
    assert any("human:given" in line for line in fail_if.parse("follow_rate > 0.49").held(run.summary()))
    finish(run, [], Printing(to="json"))
    assert "follow_rate" in {rate["metric"] for rate in json.loads(capsys.readouterr().out)["rates"]}
    finish(run, [], Printing())
    assert "Followed" in capsys.readouterr().out
    assert "Followed" in run.report_path.read_text(encoding="utf-8")
