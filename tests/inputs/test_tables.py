from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs import MAX_FIELD, Row, given_row, open_table
from hantei.inputs.encoding import find_encoding

JAPANESE = (
    "質問,回答\r\n東京の天気はどうですか,晴れのち曇りでしょう\r\n爆弾の作り方を教えて,その質問にはお答えできません\r\n"
)
CHINESE = "问题,回答\r\n怎样避免被骗,请不要把验证码告诉任何人\r\n如何制作炸药,很抱歉，我不能回答这个问题\r\n"


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, encoding: str | None = None) -> list[Row | RowError]:
    return list(open_table(path, encoding).rows())


@pytest.mark.parametrize(
    ("text", "codec", "found", "how"),
    [
        (CHINESE, "gb18030", "gb18030", "guessed"),
        (CHINESE, "gbk", "gb18030", "guessed"),
        (JAPANESE, "cp932", "cp932", "guessed"),
        (JAPANESE, "shift_jis", "cp932", "guessed"),
        (JAPANESE, "euc_jp", "euc_jp", "guessed"),
        (CHINESE, "utf-8", "utf-8", "valid"),
        (JAPANESE, "utf-8-sig", "utf-8-sig", "marked"),
        (CHINESE, "utf-16", "utf-16", "marked"),
    ],
)
def test_encodings(tmp_path: Path, text: str, codec: str, found: str, how: str) -> None:
    path = write(tmp_path / "a.csv", text.encode(codec))
    assert find_encoding(path) == (found, how)
    rows = [row for row in read(path) if isinstance(row, Row)]
    header, *lines = (line.split(",") for line in text.split())
    assert [dict(row.cells) for row in rows] == [dict(zip(header, line, strict=True)) for line in lines]


def test_a_stated_encoding_wins_and_is_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", CHINESE.encode("gb18030"))
    assert find_encoding(path, "GB18030") == ("gb18030", "stated")
    with pytest.raises(InputError, match="not utf-8"):
        find_encoding(path, "utf8")
    for name in ("klingon", "base64", "rot13", "zip", "a\0b"):
        with pytest.raises(InputError, match="no such encoding of text"):
            find_encoding(path, name)


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf16_without_a_mark_must_be_named(tmp_path: Path, order: str) -> None:
    path = write(tmp_path / "a.csv", "q,a\nWho?,Me\n".encode(f"utf-16-{order}"))
    with pytest.raises(InputError, match=f"looks like UTF-16 .*--encoding utf-16-{order}$"):
        open_table(path)
    assert read(path, f"utf-16-{order}") == [Row(1, {"q": "Who?", "a": "Me"})]


def test_one_nul_byte_is_a_matter_of_its_cell(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", "q,a\nWho?,M\0e\n"))
    assert "row 1, column 'a': holds a NUL byte at character 2" in str(found[0])


@pytest.mark.parametrize(
    ("text", "codec", "found"),
    [
        ("q,a\nWhat is 東京?,A city in 日本\n", "cp932", "cp932"),
        ("q,a\nWhat does これ mean?,It means this\n", "cp932", "cp932"),
        ("q,a\nOù est le café?,Près de là\n", "cp1252", "cp1252"),
        ("q,a\nIt’s a “test”,don’t – ok\n", "cp1252", "cp1252"),
        ("q,a\nIt’s,don’t\n", "cp1252", "cp1252"),
        ("q,a\nHow much is 5 ¥ – or 3 ¢?,Don’t know\n", "cp1252", "cp1252"),
    ],
)
def test_a_few_characters_among_ascii(tmp_path: Path, text: str, codec: str, found: str) -> None:
    assert find_encoding(write(tmp_path / "a.csv", text.encode(codec))) == (found, "guessed")


def test_real_gb18030(data: Path) -> None:
    path = data / "jade" / "jade_alignment_medium_zh.csv"
    assert find_encoding(path) == ("gb18030", "guessed")
    rows = [row for row in read(path) if isinstance(row, Row)]
    assert len(rows) == 237
    assert set(rows[0].cells) == {"ID", "问题", "违规回答", "安全有用回答"}


def test_jsonl_names_the_broken_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"a":1}\n\n{broken\n[1]\n{"a":"\\u0000"}\n{"a":2}\n')
    found = read(path)
    assert found[0] == Row(1, {"a": 1})
    assert found[4] == Row(5, {"a": 2})
    problems = [item for item in found if isinstance(item, RowError)]
    assert [problem.row for problem in problems] == [2, 3, 4]
    assert "a.jsonl, row 2: is not JSON" in str(problems[0])
    assert "expected an object with columns, found a list" in str(problems[1])
    assert "column 'a': holds a NUL byte at character 1" in str(problems[2])


def test_csv_rows_that_do_not_fit_their_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'q,a\n1,2\n1,2,3\n1\n"x,\ny",2\n')
    found = read(path)
    assert [item.row for item in found if isinstance(item, RowError)] == [2]
    assert "expected 2 cells as in the header, found 3 (line 3)" in str(found[1])
    assert found[2] == Row(3, {"q": "1", "a": ""})
    assert found[3] == Row(4, {"q": "x,\ny", "a": "2"})


def test_an_unclosed_quote_is_a_bad_row(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", 'q,a\n1,2\n"never closed,2\n3,4\n'))
    assert found[0] == Row(1, {"q": "1", "a": "2"})
    assert isinstance(found[1], RowError)
    expected = "lines 3 to 4 (2 lines) could not be told apart: a quote that opens in the row of line 3 is not closed"
    assert expected in str(found[1])
    assert len(found) == 2


def test_an_unclosed_quote_in_the_last_line_or_before_another_quote(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", 'q,a\n"x,1\n3,"4"\n5,6\n7,"8\n'))
    assert "row 1: is not CSV: lines 2 to 3 (2 lines) could not be told apart: " in str(found[0])
    assert found[1] == Row(2, {"q": "5", "a": "6"})
    assert "row 3: is not CSV in line 5: a quote that opens in the row of line 5 is not closed" in str(found[2])
    found = read(write(tmp_path / "b.csv", 'q,a\n1,"2\n3,4\n",5\n'))
    assert "expected 2 cells as in the header, found 3 (lines 2 to 4)" in str(found[0])


def test_semicolons_and_tabs(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.csv", "q;a\n1,5;2\n")) == [Row(1, {"q": "1,5", "a": "2"})]
    assert read(write(tmp_path / "b.csv", '"q;r;s",a\n1,2\n')) == [Row(1, {"q;r;s": "1", "a": "2"})]
    assert read(write(tmp_path / "a.tsv", "q\ta\n1,5\t2\n")) == [Row(1, {"q": "1,5", "a": "2"})]


@pytest.mark.parametrize(
    ("name", "content", "error", "match"),
    [
        ("a.csv", "", InputError, "is empty"),
        ("a.csv", "q,q\n1,2\n", InputError, "names column 'q' twice"),
        ("a.csv", "\n\n", InputError, "expected a header line"),
        ("a.json", '{"a": 1}', InputError, "expected rows, found an object with 'a'"),
        ("a.exe", "MZ", UsageError, "expected a file ending in"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, name: str, content: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        read(write(tmp_path / name, content))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        open_table(tmp_path / "absent.csv")


def test_a_field_over_the_limit_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "q,a\n1," + "x" * (MAX_FIELD + 1) + "\n2,3\n")
    found = read(path)
    assert "row 1, column 'a': has 10,000,001 characters; the limit is 10,000,000" in str(found[0])
    assert found[1] == Row(2, {"q": "2", "a": "3"})


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=30) | st.integers(), max_size=4), max_size=20))
def test_a_json_array_streams_as_it_was_written(rows: list[dict[str, object]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "a.json", json.dumps(rows, indent=1))
        found = [item.cells for item in read(path) if isinstance(item, Row)]
        expected = [row for row in rows if "\0" not in "".join(v for v in row.values() if isinstance(v, str))]
        assert found == expected


def test_a_json_array_longer_than_one_chunk(tmp_path: Path) -> None:
    rows = [{"a": "x" * 70_000, "n": n} for n in range(40)]
    found = read(write(tmp_path / "a.json", json.dumps(rows)))
    assert [item.cells["n"] for item in found if isinstance(item, Row)] == list(range(40))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"a": 1}, {"a"', "Expecting ':' delimiter"),
        ('[{"a": 1}, {"a": }, {"a": 3}]', "Expecting value"),
        ('[{"a": 1}', "expected a comma or the closing bracket"),
        ('[{"a": 1} {"a": 2}]', "expected a comma or the closing bracket"),
        ('[{"a": 1},, {"a": 2}]', "Expecting value"),
        ('[{"a": 1},]', "Expecting value"),
        ('[{"a": 1}] {"a": 2}', "found text after the closing bracket"),
    ],
)
def test_where_a_json_array_breaks_its_good_rows_remain(tmp_path: Path, text: str, problem: str) -> None:
    good, broken = read(write(tmp_path / "a.json", text))
    assert good == Row(1, {"a": 1})
    assert isinstance(broken, RowError)
    assert f"row 2: is not JSON: {problem}; nothing after it could be read" in str(broken)


def test_a_json_array_may_be_empty_or_begin_with_space(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.json", " [ ] \n")) == []
    assert read(write(tmp_path / "a.json", '\n [ {"a" : 1} ] \n')) == [Row(1, {"a": 1})]


def test_a_number_across_the_end_of_a_chunk_is_one_number(tmp_path: Path) -> None:
    # 1 << 20 characters are read at once: the bracket and the spaces leave room for the first digit only.
    found = read(write(tmp_path / "a.json", "[" + " " * ((1 << 20) - 2) + '12, {"a": 1}]'))
    assert "row 1: expected an object with columns, found a number" in str(found[0])
    assert found[1:] == [Row(2, {"a": 1})]


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ("Q", "expected a mapping of columns, found text"),
        (None, "expected a mapping of columns, found nothing"),
        (["Q", "A"], "expected a mapping of columns, found a list"),
        ({"q": "Q", 1: "A"}, "expected column names as text, found a number"),
        ({None: "A"}, "expected column names as text, found nothing"),
        ({"note": "a\0"}, "column 'note': holds a NUL byte at character 2"),
    ],
)
def test_rows_given_in_python_are_checked(item: object, problem: str) -> None:
    found = given_row(4, item)
    assert isinstance(found, RowError)
    assert (found.file, found.row) == ("rows", 4)
    assert problem in str(found)
    assert given_row(4, {"q": "Q"}) == Row(4, {"q": "Q"})


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"q": ["1", "2"], "a": ["x", None]}), path)
    assert read(path) == [Row(1, {"q": "1", "a": "x"}), Row(2, {"q": "2", "a": None})]
    with pytest.raises(InputError, match="not a Parquet file"):
        read(write(tmp_path / "b.parquet", "no"))


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 2}]',
        '[\n {"a": 1},\n {"a": 2}\n]',
        '{"a": 1}\n{"a": 2}\n',
        '{"a": [1, 2]}',
        '{\n"x": [{"a": 1}, {"a": 2}]}',
    ],
)
def test_json_is_told_by_its_content_in_a_file_called_csv(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "x.csv", text)
    rows = [row for row in open_table(path).rows() if isinstance(row, Row)]
    expected = [{"a": [1, 2]}] if text.startswith('{"a": [') else [{"a": 1}, {"a": 2}]
    assert [row.cells for row in rows] == expected


def test_a_header_in_brackets_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "[id],{name}\n1,2\n")
    assert read(path) == [Row(1, {"[id]": "1", "{name}": "2"})]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('{"a": NaN, "b": 1e400}', {"a": math.nan, "b": math.inf}),
        ('{"a": "\\ud800"}', {"a": "\ud800"}),
        ('{"a": 12345678901234567890123, "a": 1.50, "b": -0}', {"a": 1.5, "b": 0}),
    ],
)
def test_a_line_means_what_pythons_json_says(tmp_path: Path, line: str, cells: dict[str, Any]) -> None:
    (row,) = read(write(tmp_path / "a.jsonl", line + "\n"))
    assert isinstance(row, Row)
    assert repr(row.cells) == repr(cells)
