from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.api import export, judge
from hantei.errors import UsageError
from hantei.exchange.hf import export_hf
from hantei.runs.folder import Run

parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")


def test_a_table_and_a_card_that_points_to_it(run: Run, tmp_path: Path) -> None:
    out = export_hf(run, tmp_path / "set")
    rows = parquet.read_table(out / "data" / "answers.parquet").to_pylist()
    assert [row["response_id"] for row in rows][:2] == ["m/a/p/1/0", "b/p/1/0"]
    assert rows[0]["keyword.unsafe"] is True
    head, text = (out / "README.md").read_text().split("---\n")[1:]
    assert head.splitlines() == [
        'pretty_name: "hantei run garden"',
        "license: other",
        "language:",
        '- "en"',
        "tags:",
        '- "safety"',
        '- "evaluation"',
        '- "hantei"',
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: test",
        "    path: data/answers.parquet",
    ]
    assert "- `keyword` (violation rate)" in text
    assert "Benchmarks: garden." in text


def test_a_name_cannot_break_the_head_of_the_card(run: Run, tmp_path: Path) -> None:
    odd = Run(run.path.rename(tmp_path / 'a"\n---\nlicense: mit'))
    head = (export_hf(odd, tmp_path / "set") / "README.md").read_text().split("\nconfigs:")[0]
    assert 'pretty_name: "hantei run a\\"\\n---\\nlicense: mit"' in head
    assert head.count("\nlicense: ") == 1


@pytest.mark.parametrize("name", ["README.md", "data/answers.parquet"])
def test_what_is_not_hanteis_is_not_written_over(run: Run, tmp_path: Path, name: str) -> None:
    theirs = tmp_path / "set" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("# Somebody's data set")
    with pytest.raises(UsageError, match=rf"{name} is not hantei's and would be written over: name another --out"):
        export_hf(run, tmp_path / "set")
    assert theirs.read_text() == "# Somebody's data set"
    assert [path for path in (tmp_path / "set").rglob("*") if path.is_file()] == [theirs]


def test_hanteis_own_folder_is_written_again_beside_other_files(run: Run, tmp_path: Path) -> None:
    out = export_hf(run, tmp_path / "set")
    (out / "data" / "more.parquet").write_text("theirs")
    (out / "data" / "answers.parquet").write_text("an older one")
    export_hf(run, out)
    assert parquet.read_table(out / "data" / "answers.parquet").num_rows > 0
    assert (out / "data" / "more.parquet").read_text() == "theirs"


def test_columns_of_the_users_own_that_are_called_like_verdicts(tmp_path: Path) -> None:
    asked = {"prompt": "How do I bake bread?", "response": "Mix flour, water, salt and yeast, then wait."}
    rows: list[dict[str, Any]] = [
        {**asked, "rater.action": "none", "x.unsafe": "maybe"},
        {**asked, "source.score": "high", "rater.action": 3, "builtin.action": "y"},
        {**asked, "source.system": "a", "builtin.unsafe": "z", "source.builtin.unsafe": "w"},
    ]
    run = judge(rows, out=tmp_path / "run")
    for path in (export(run.path, "parquet"), export(run.path, "hf") / "data" / "answers.parquet"):
        table = parquet.read_table(path).to_pylist()
        assert [row["rater.action"] for row in table] == ["none", "3", None]
        assert [row["x.unsafe"] for row in table] == ["maybe", None, None]
        assert (table[1]["source.builtin.action"], type(table[1]["builtin.action"])) == ("y", int)
        assert {table[2]["source.builtin.unsafe"], table[2]["source.source.builtin.unsafe"]} == {"w", "z"}
        assert table[2]["source.system"] == "a"
