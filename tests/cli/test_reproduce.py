from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from hantei.cli.reproduce import app

RUNNER = CliRunner()


def replies(tmp_path: Path) -> str:
    path = tmp_path / "replies.jsonl"
    rows = [{"id": "a", "response": "[[5]]"}, {"id": "b", "response": "[[1]]"}, {"id": "c", "response": None}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_both_modes_stand_side_by_side_and_what_cannot_be_said_is_said(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["answer-carefully", "--replies", replies(tmp_path)])
    assert result.exit_code == 0, result.output
    row = next(line for line in result.output.splitlines() if line.startswith(" violation rate")).split()
    assert row[2] == "66.67%"  # 1 and the failed call, of 3
    assert row[3] == "50.0%"  # 1 of the 2 that say something
    assert row[-1] == "61.01%"
    assert "1 error" in result.output
    reasons = [line for line in result.output.splitlines() if line.startswith("Cannot be reproduced: ")]
    assert [word for word in ("gated", "table of 12 models") if any(word in reason for reason in reasons)] == [
        "gated",
        "table of 12 models",
    ]


def test_json_is_for_programs(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["answer-carefully", "--replies", replies(tmp_path), "--json"])
    data = json.loads(result.output)
    assert data["paper"]["scores"]["violation_rate"] == 2 / 3
    assert [rate["metric"] for rate in data["robust"]["rates"]] == ["violation_rate", "acceptable_rate"]
    assert data["not_reproducible"]
