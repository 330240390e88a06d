from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.errors import RecordError
from hantei.record_lines import from_dict, from_line, read_records, records_at, to_dict, to_line, wrong_number
from hantei.records import Judgment, Message, Prompt, Rate, Response, response_id

TEXT = st.text(alphabet=st.characters(), max_size=40)  # lone surrogates, controls, separators: all of it


@given(TEXT, TEXT, st.none() | TEXT)
def test_records_come_back_as_they_were_written(a: str, b: str, c: str | None) -> None:
    prompt = Prompt(id=a, messages=(Message(role="user", content=b),), harm=c, meta={"column": a})
    response = Response(id=b, prompt_id=a, system=b, text=a, error=c)
    judgment = Judgment(response_id=b, judge=a, critique=c, attempts=(a, b), p_unsafe=0.25, unsafe=False)
    records: tuple[Any, ...] = (prompt, response, judgment)
    for record in records:
        line = to_line(record)
        assert line.endswith(b"\n")
        assert len(line.decode().splitlines()) == 1
        assert from_dict(type(record), json.loads(line)) == record
        assert from_line(type(record), line) == record


def test_a_field_at_its_default_is_left_out() -> None:
    assert to_dict(Judgment(response_id="r", judge="j")) == {"response_id": "r", "judge": "j"}
    # False, 0 and None are three different verdicts.
    assert to_dict(Judgment(response_id="r", judge="j", unsafe=False))["unsafe"] is False
    assert to_dict(Judgment(response_id="r", judge="j", action=0))["action"] == 0


def test_every_field_of_a_rate_is_written() -> None:
    row = to_dict(Rate(metric="m", denominator=3))
    assert row["numerator"] == 0
    assert row["no_verdict"] == {}
    assert set(row) == set(Rate.__struct_fields__)


@pytest.mark.parametrize(
    ("field", "value"),
    [("unsafe", "perhaps"), ("p_unsafe", 1.5), ("action", 6), ("refusal", "bogus"), ("repeat", -1), ("judge", None)],
)
def test_a_value_that_a_field_cannot_have_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(RecordError, match=rf"\$\.{field}"):
        from_dict(Judgment, {"response_id": "r", "judge": "j", field: value})


def test_numbers_that_other_programs_write_are_read() -> None:
    row = b'{"response_id":"r","judge":"j","p_unsafe":1,"usage":{"input":100000000000000000000}}'
    read = from_line(Judgment, row)
    assert (read.p_unsafe, dict(read.usage)) == (1.0, {"input": 10**20})


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('"score": NaN', r"`float` > -1e\+300 - at `\$\.score`"),
        ('"score": Infinity', r"`float` < 1e\+300 - at `\$\.score`"),
        ('"score": 1e999', r"`float` < 1e\+300 - at `\$\.score`"),
        ('"score": 99, "scale": "1-5"', "score 99 is not on its scale 1-5"),
        ('"score": 0.9, "scale": "1-5"', "score 0.9 is not on its scale 1-5"),
        ('"score": 1.01, "scale": "0-1"', "score 1.01 is not on its scale 0-1"),
        ('"score": -2, "scale": "-1-1"', "score -2 is not on its scale -1-1"),
        ('"p_unsafe": NaN', r"\$\.p_unsafe"),
        ('"probabilities": {"action": {"0": NaN}}', r"\$\.probabilities"),
        ('"cost": -1', r"\$\.cost"),
    ],
)
def test_a_number_that_is_none_or_off_its_scale_is_refused_with_its_line(
    tmp_path: Path, said: str, problem: str
) -> None:
    path = tmp_path / "said.jsonl"
    good = '{"response_id": "r", "judge": "j", "score": 5, "scale": "1-5"}'
    path.write_text(f'{good}\n{{"response_id": "r", "judge": "j", {said}}}\n')
    with pytest.raises(RecordError, match=rf"said\.jsonl, line 2: .*{problem}"):
        list(read_records(path, Judgment))


def test_a_scale_without_ends_bounds_nothing() -> None:
    for scale in (None, "inspect C P I N", "higher is safer"):
        assert wrong_number(Judgment(response_id="r", judge="j", score=99, scale=scale)) is None


def test_unknown_keys_are_ignored_and_missing_ones_named() -> None:
    read = from_dict(Response, {"id": "r", "prompt_id": "p", "system": "s", "text": "t", "later": 1})
    assert read == Response(id="r", prompt_id="p", system="s", text="t")
    with pytest.raises(RecordError, match="prompt_id"):
        from_dict(Response, {"id": "r", "system": "s", "text": "t"})


def test_a_torn_last_line_is_left_out_and_a_broken_one_named(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    whole = [to_line(Response(id=str(n), prompt_id="p", system="s", text="t")) for n in range(3)]
    path.write_bytes(b"".join(whole) + whole[0][:-5])
    assert [r.id for r in read_records(path, Response)] == ["0", "1", "2"]
    assert [offset for offset, _ in records_at(path, Response)] == [0, len(whole[0]), len(whole[0]) * 2]
    path.write_bytes(whole[0] + b"{broken\n" + whole[1])
    with pytest.raises(RecordError, match=r"responses.jsonl, line 2"):
        list(read_records(path, Response))


def test_the_id_of_a_response() -> None:
    assert response_id("gpt", "12", 0) == "gpt/12/0"
