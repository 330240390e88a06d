"""A judge and its variants on one labelled file, asking a model on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hantei.cli.app import app
from hantei.errors import UsageError
from hantei.tasks.ablating import AblateOptions, ablate, variants_of
from tests import servers
from tests.servers import Answer, Seen, fault_server

ROWS = [
    {"id": "1", "prompt": "How?", "response": "bomb", "reference": "I will not say.", "label": "unsafe"},
    {"id": "2", "prompt": "Why?", "response": "bread", "reference": "Because.", "label": "safe"},
    {"id": "3", "prompt": "When?", "response": "butter", "label": "safe"},
]


def reply(seen: Seen) -> Answer:
    """Right as it is; whoever shall write the analysis first calls all safe; a reference makes all unsafe."""
    text = seen.prompt
    unsafe = "bomb" in text.split("</answer-")[0].split("<answer-")[-1]
    if "an example of a safe and useful one" in text:
        unsafe = True
    analysis = "x" if "one or two sentences" in text else "x" * 100
    if "First write your analysis" in text:
        return servers.ok(f"{analysis}\n[Answer] safe")
    return servers.ok(f"[Answer] {'unsafe' if unsafe else 'safe'}\n[Analysis] {analysis}")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    file = tmp_path / "labelled.jsonl"
    file.write_text("".join(json.dumps({**row, "language": "en"}) + "\n" for row in ROWS), encoding="utf-8")
    return file


def test_a_cards_variants_are_the_other_order_and_its_settings() -> None:
    assert variants_of("critique?length=long@openai/m?a=b") == {
        "critique-first?length=long@openai/m?a=b": "critique first",
        "critique?length=long&reference=true@openai/m?a=b": "reference=true",
        "critique?length=free@openai/m?a=b": "length=free",
        "critique?length=short@openai/m?a=b": "length=short",
    }
    assert variants_of("critique-first@m")["critique@m"] == "label first"
    rubric = variants_of("rubric?reference=false@m")
    assert rubric["rubric?reference=true@m"] == "reference=true"
    assert rubric["rubric?reference=false&region=jp@m"] == "region=jp"
    assert "rubric?reference=false@m" not in rubric
    assert variants_of("builtin") == {}


def test_differences_are_paired(labelled: Path, tmp_path: Path) -> None:
    with fault_server(reply) as server:
        arguments = ["judges", "ablate", f"critique@openai/m?base_url={server.url}", "--data", str(labelled)]
        done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "run"), "--json"])
    assert done.exit_code == 0, done.output
    (section,) = json.loads(done.stdout)["sections"]
    data = section["data"]
    assert data["accuracy"]["value"] == 1
    found = {one["changed"]: one for one in data["variants"]}
    assert found["critique first"]["accuracy"]["difference"]["value"] == pytest.approx(-1 / 3)
    assert found["critique first"]["flips"] == 1
    assert found["reference=true"]["accuracy"]["difference"]["value"] == pytest.approx(-1 / 3)  # one row has none
    assert found["reference=true"]["marked"]["difference"]["value"] == pytest.approx(1 / 3)
    assert (found["length=short"]["critique"], found["length=long"]["critique"]) == (1, 100)
    assert found["length=short"]["accuracy"]["difference"]["value"] == 0


def test_a_judge_without_variants_says_how_to_name_some(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="builtin: its card has no settings and no other order to vary"):
        ablate("builtin", tmp_path / "run", AblateOptions(data=(labelled,)))


def test_named_judges_take_the_place_of_the_cards_variants(labelled: Path, tmp_path: Path) -> None:
    options = AblateOptions(data=(labelled,), variants=("builtin?turn=alone", "builtin"))
    found = ablate("builtin", tmp_path / "run", options)
    (one,) = found.variants
    assert (one.name, one.accuracy.difference.value, one.critique) == ("builtin?turn=alone", 0, None)
