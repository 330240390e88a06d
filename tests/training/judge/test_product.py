"""The card of a trained judge: terms come down from whatever it is made of."""

from __future__ import annotations

from pathlib import Path

from hantei.training.judge.product import inherited, write_card


def test_the_terms_of_data_and_of_first_judges_are_inherited_each_once(tmp_path: Path) -> None:
    for name, licence in (("m1", "AnswerCarefully's terms"), ("m2", "MIT"), ("m3", "not stated")):
        (tmp_path / name).mkdir()
        write_card(tmp_path / name, "A judge", {}, licence)
    bases = [tmp_path / name for name in ("m1", "m2", "m3", "no-such-folder")]
    assert inherited("not stated", bases) == "AnswerCarefully's terms; MIT"
    assert inherited("MIT", bases) == "MIT; AnswerCarefully's terms"
    assert inherited("not stated", bases[2:]) == "not stated"


def test_a_model_with_a_plain_licence_in_its_card_binds_too(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\n---\n\n# A base\n", encoding="utf-8")
    assert inherited("not stated", [tmp_path]) == "apache-2.0"
