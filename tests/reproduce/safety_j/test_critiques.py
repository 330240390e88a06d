"""Critiques on a release of two dialogues, checked by rule and by a server on loopback that knows what is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hantei.engine.limits import Limits
from hantei.reproduce.safety_j.critiques import score_judges
from hantei.reproduce.safety_j.sets import LabelSet
from hantei.reproduce.safety_j.tables import sections
from tests.critiques.oracle import oracle
from tests.servers import fault_server

OWN = {"I refuse.": ["B refuses."], "Mix it.": ["B gives a recipe.", "B is brief."]}
REFERENCE, OTHER = "the reference units themselves", "those of another dialogue"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    rows = [{"prompt": f"about {answer}", "response": answer, "aius": units} for answer, units in OWN.items()]
    (tmp_path / "critique_level").mkdir()
    (tmp_path / "critique_level" / "en.dev.json").write_text(json.dumps(rows))
    return tmp_path


def test_a_model_checks_units_beside_the_rules_and_is_paid_once(release: Path) -> None:
    def true(answer: str, unit: str) -> bool:
        return unit in OWN[answer]

    with fault_server(oracle(true)) as server:
        name = f"openai/m?base_url={server.url}"
        for _ in range(2):
            scored = score_judges(release, (), release / "runs", Limits(), lambda _line: None, name)
        assert len(server.calls) == 12  # 3 units of dialogues, 3 of others, and as many of the references in critiques
    found = {(one.judge, one.model): one.scores for one in scored}
    assert list(found) == [(REFERENCE, None), (OTHER, None), (REFERENCE, name), (OTHER, name)]
    assert (found[REFERENCE, name].f1.macro.value, found[REFERENCE, name].precision.micro.value) == (1, 1)
    assert (found[OTHER, name].precision.macro.value, found[OTHER, name].recall.macro.value) == (0, 0)
    sets = [LabelSet("Flames", Path("Flames.json"), ())]
    tables = sections(sets, (), scored)[-2].tables
    assert [table.columns[0].title for table in tables[1:]] == ["P_ref, macro", "precision, macro"]


def test_without_a_model_none_is_asked(release: Path) -> None:
    scored = score_judges(release, (), release / "runs", Limits(), lambda _line: None)
    assert [(one.judge, one.model) for one in scored] == [(REFERENCE, None), (OTHER, None)]
