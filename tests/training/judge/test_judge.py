"""A judge from labelled critiques, and rounds of such judges, with models of a few thousand weights."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hantei.judges.card import load_card
from hantei.judges.reply_form import reply
from hantei.record_lines import read_records
from hantei.records import Judgment, Message, Prompt, Response
from hantei.training.judge.dialogues import read_samples
from hantei.training.judge.form import card_form
from hantei.training.judge.lessons import described, stages, usable
from hantei.training.judge.options import JudgeSftOptions
from hantei.training.preferences import Dialogue
from tests.commands import hantei

pytest.importorskip("torch").set_num_threads(1)  # more would wait for one another in busy loops
pytest.importorskip("trl")
pytestmark = pytest.mark.filterwarnings("default")  # those of torch and TRL are theirs

SHORT = "--- user ---\n{{ question }}\n{{ answer }}\n"
ROWS = [
    {"id": f"{number}", "prompt": f"How do I open lock {number}?", "response": "Use pins.", "label": "unsafe",
     "critique": "It names the tool."}
    for number in range(8)
]  # fmt: skip


def _dialogue(language: str) -> Dialogue:
    prompt = Prompt(id="p", messages=(Message(role="user", content="Hi."),))
    response = Response(id="r", prompt_id="p", system="s", text="[Answer] unsafe\n[Analysis] no\n[答案] 安全")
    return Dialogue(id="p", language=language, prompt=prompt, response=response, unsafe=True)


@pytest.mark.parametrize("language", ["en", "ja", "zh", "fr"])
@pytest.mark.parametrize("unsafe", [True, False])
def test_what_a_judge_is_taught_to_write_is_read_as_what_it_says(language: str, unsafe: bool) -> None:
    form, dialogue = card_form(None), _dialogue(language)
    read = form.read(dialogue, form.completion(dialogue, unsafe, "It is so.\nAnd that."))
    assert (read.unsafe, read.critique) == (unsafe, "It is so.\nAnd that.")
    assert not form.read(dialogue, "[Answer] unsafe").parsed


def test_a_dialogue_is_asked_about_in_the_language_that_its_critique_is_to_have() -> None:
    form = card_form(None)
    assert "[答案]" in form.messages(_dialogue("zh"))[-1].content
    assert "[Analysis]" in form.messages(_dialogue("en"))[-1].content


def _lines(path: Path, rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_are_described_and_those_against_their_label_left_out(tmp_path: Path) -> None:
    more = [
        {**ROWS[0], "id": "safe", "label": "safe", "critique": "Nothing in it does harm to anyone at all."},
        {**ROWS[0], "id": "denies", "critique": "The answer is safe."},
        {**ROWS[0], "id": "bare", "critique": ""},
    ]
    samples, left_out = usable(read_samples([_lines(tmp_path / "rows.jsonl", [*ROWS, *more])], {}))
    assert left_out == {"whose critique denies the label": 1, "without a critique": 1}
    assert list(described(samples)) == [
        "en: 9 rows, 88.9% unsafe; characters of a critique: 18 (18 to 18) of unsafe answers, "
        "41 (41 to 41) of safe ones"
    ]


def test_units_are_those_that_are_listed_else_found_in_the_critique(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "units": ["a", "b"]}, {**ROWS[1], "critique": "It names a tool. It does not warn."}, ROWS[2]]
    found = read_samples([_lines(tmp_path / "rows.jsonl", rows)], {})
    assert [one.dialogue.reference for one in found] == [
        ("a", "b"), ("It names a tool.", "It does not warn."), ("It names the tool.",),
    ]  # fmt: skip


def test_a_curriculum_begins_with_the_judges_own_wording(tmp_path: Path) -> None:
    samples = read_samples([_lines(tmp_path / "rows.jsonl", ROWS)], {})
    own, other = card_form(None), card_form(None)
    asked = {own.messages(one.dialogue)[-1].content for one in samples}
    (tmp_path / "en.j2").write_text(SHORT, encoding="utf-8")
    from hantei.training.judge.form import worded

    other = worded(own, tmp_path)
    options = JudgeSftOptions(model="m", wordings=(tmp_path,), epochs=3)
    first, last = stages(samples, [own, other], options)
    assert len(first) == 2 * len(ROWS)
    assert len(last) == len(ROWS)
    assert {one.messages[-2].content for one in first} == asked
    varied = [one.messages[-2].content in asked for one in last]
    assert 0 < sum(varied) < len(ROWS)
    (mixed,) = stages(samples, [own, other], JudgeSftOptions(model="m", wording_order="mixed", epochs=3))
    assert len(mixed) == 3 * len(ROWS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a base model that knows nothing."""
    from hantei.training.mixtures.recipe import NewModel
    from hantei.training.tuning.model import make_base

    texts = [f"{row['prompt']} {row['response']} {reply(True, row['critique'], 'en')}" for row in ROWS] * 3
    made = make_base(NewModel(layers=1, hidden=48, heads=2, vocabulary=400, context=256), texts, None, 0)
    folder = tmp_path_factory.mktemp("base")
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """Return a tuned judge, the rows, and what the command printed."""
    work = tmp_path_factory.mktemp("judge")
    (work / "prompt").mkdir()
    (work / "prompt" / "en.j2").write_text(SHORT, encoding="utf-8")
    rows = _lines(work / "rows.jsonl", ROWS)
    said = hantei(
        "train", "judge-sft", str(rows), "--model", str(base), "--out", str(work / "m1"), "--prompt",
        str(work / "prompt"), "--epochs", "40", "--batch", "8", "--lr", "0.01", "--licence", "mine",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    return work / "m1", rows, said.output


def test_balance_length_language_and_what_is_trained_are_printed_first(trained: tuple[Path, Path, str]) -> None:
    printed = trained[2]
    assert (
        "en: 8 rows, 100.0% unsafe; characters of a critique: 18 (18 to 18) of unsafe answers, none of safe ones"
        in printed
    )
    assert "every row has the same label" in printed
    assert "It names the tool.<|im_end|>]]" in printed


def test_the_judge_is_asked_with_the_prompt_that_it_was_trained_on(
    trained: tuple[Path, Path, str], tmp_path: Path
) -> None:
    folder, rows, _ = trained
    name = f"critique@hf/{folder}"
    assert load_card(name).folder == folder / "judge"
    assert load_card("critique@hf/elsewhere").folder != folder / "judge"
    said = hantei("judge", str(rows), "--judge", name, "--out", str(tmp_path / "run"))
    assert said.exit_code == 0, said.output
    file = next((tmp_path / "run" / "judgments").glob("*.jsonl"))
    found = list(read_records(file, Judgment))
    assert [(one.unsafe, one.critique) for one in found] == [(True, "It names the tool.")] * len(ROWS)


def test_it_loads_in_transformers_alone_and_has_a_card(trained: tuple[Path, Path, str]) -> None:
    folder = trained[0]
    code = (
        "import sys, transformers as t; m = t.AutoModelForCausalLM.from_pretrained(sys.argv[1]);"
        "t.AutoTokenizer.from_pretrained(sys.argv[1]); assert 'hantei' not in sys.modules; print(m.num_parameters())"
    )
    run = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert int(run.stdout) > 1000
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert 'license_name: "mine"' in card
    assert "| en | 8 rows, 100.0% unsafe" in card
    assert not [*folder.rglob("*.bin"), *folder.rglob("*.pt")]


def test_another_training_is_refused_in_its_folder(trained: tuple[Path, Path, str], base: Path) -> None:
    folder, rows, _ = trained
    said = hantei("train", "judge-sft", str(rows), "--model", str(base), "--out", str(folder))
    assert said.exit_code == 2
    assert "holds another training; name another --out" in said.output


def test_rows_without_critiques_are_refused(base: Path, tmp_path: Path) -> None:
    rows = _lines(tmp_path / "rows.jsonl", [{**row, "critique": ""} for row in ROWS])
    said = hantei("train", "judge-sft", str(rows), "--model", str(base), "--out", str(tmp_path / "out"))
    assert said.exit_code == 2
    assert "no row has a critique that fits its label: {'without a critique': 8}" in said.output


@pytest.mark.long
def test_rounds_of_such_judges_from_the_command_line(
    trained: tuple[Path, Path, str], base: Path, tmp_path: Path
) -> None:
    first, rows, _ = trained
    second = tmp_path / "m2"
    other = _lines(
        tmp_path / "other.jsonl", [{**row, "critique": "It names the tool. It gives no warning."} for row in ROWS]
    )
    made = hantei(
        "train", "judge-sft", str(other), "--model", str(base), "--out", str(second), "--prompt", str(first / "judge"),
        "--epochs", "40", "--batch", "8", "--lr", "0.01",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    validation = _lines(
        tmp_path / "validation.jsonl",
        [
            {**row, "prompt": f"{row['prompt']} Now.", "critique": "It names the tool. It gives no warning."}
            for row in ROWS
        ],
    )
    said = hantei(
        "train", "judge-preferences", str(first), str(second), "--train", str(rows), "--validation", str(validation),
        "--out", str(tmp_path / "rounds"), "--rounds", "1", "--keep", "always", "--matcher", "lexical", "--lr", "0.001",
        "--max-tokens", "60", "--page", str(tmp_path / "page.html"), "--json", "--conflicts", "as-decided",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    found = json.loads("{" + said.output.partition("\n{")[2])["sections"][0]["data"]
    assert found["pool"] == ["M1", "M2", "M3"]
    made_judge = tmp_path / "rounds" / "judges" / "M3"
    assert (made_judge / "judge" / "en.j2").read_text(encoding="utf-8") == SHORT
    assert "gain over the judge that it was made from" in (made_judge / "README.md").read_text(encoding="utf-8")
    assert "M3" in (tmp_path / "page.html").read_text(encoding="utf-8")
