from __future__ import annotations

import pytest

from hantei.reproduce.do_not_answer.published import PaperCell, mean_of_rounded, published


@pytest.mark.parametrize(
    ("value", "printed", "agreement", "text"),
    [
        (95.63, 95.6, "yes", "95.63 (95.6)"),
        (95.66, 95.6, "no", "95.66 (95.6) !"),
        (-0.04, 0.0, "yes", "-0.04 (0.0)"),
        (12.0, None, None, "12.00"),
    ],
)
def test_printed_digits_agree_or_are_marked(value: float, printed: float | None, agreement: str, text: str) -> None:
    figure = PaperCell(value, printed)
    assert figure.agreement == agreement
    assert figure.text() == text


def test_a_mean_that_only_rounded_cells_give_is_marked_apart() -> None:
    figure = PaperCell(98.456, 98.4, 98.433)
    assert figure.agreement == "of rounded cells"
    assert figure.text() == "98.46 (98.4) ~"
    assert PaperCell(98.456, 98.3, 98.433).agreement == "no"


def test_tenths_are_averaged_as_people_do_it() -> None:
    # 0.85 and 0.94 are printed as 0.9 and 0.9; the mean of the exact values would be 0.895.
    assert mean_of_rounded([0.85, 0.94]) == 0.9
    cells = [90.80, 85.84, 84.10, 85.68, 83.25, 92.61]  # 90.8 85.8 84.1 85.7 83.3 92.6, and a half goes up
    assert mean_of_rounded(cells) == pytest.approx(87.05)
    assert PaperCell(87.047, 87.1, mean_of_rounded(cells)).agreement == "of rounded cells"


def test_differences_carry_their_sign() -> None:
    assert PaperCell(0.4969, 0.5).text(signed=True) == "+0.50 (+0.5)"
    assert PaperCell(-0.4341, -0.4).text(signed=True) == "-0.43 (-0.4)"


def test_the_printed_tables_are_complete() -> None:
    tables = published()
    for head in ("action", "harmful"):
        for judge in ("GPT-4", "Longformer"):
            assert [len(row) for row in tables[head][judge]["cells"]] == [4] * 6
            assert len(tables[head][judge]["mean"]) == 4
    assert sum(map(sum, tables["areas"]["harmful"])) == 193
