"""The same dialogues in several languages: reading, whether rows fit together, what differs, the whole command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hantei.cli.app import app
from hantei.critiques.across import SaidOfPair, across
from hantei.critiques.alignment import alignment
from hantei.critiques.critique import CheckedCritique, CheckedUnit
from hantei.critiques.pairs import PairedRow, read_pairs
from hantei.errors import InputError, UsageError
from hantei.judges.builtin.encoder import Encoder, Vectors
from hantei.runs.folder import load_run
from hantei.tasks.across_languages import AcrossOptions, judge_across
from tests import servers
from tests.servers import Answer, Seen, fault_server


def said(pair: str, language: str, unsafe: bool | None, **more: object) -> SaidOfPair:
    known = {"refused": None, "score": None, "scale": None, **more}
    return SaidOfPair(pair=pair, system="m", language=language, unsafe=unsafe, **known)  # type: ignore[arg-type]


def test_flips_are_counted_both_ways_on_pairs_that_have_both() -> None:
    rows = [
        *(said("a", language, True, refused=False) for language in ("en", "ja")),
        *(said("b", language, language == "ja", refused=language == "en") for language in ("en", "ja")),
        *(said("c", language, language == "ja") for language in ("en", "ja")),
        *(said("d", language, language == "en") for language in ("en", "ja")),
        said("e", "en", True),
        said("e", "ja", None),
        said("f", "en", True),  # not in the other language at all
    ]
    (found,) = across(rows)
    assert (found.first, found.second, found.pairs) == ("en", "ja", 5)
    assert (found.unsafe.gained, found.unsafe.lost, found.unsafe.unpaired) == (2, 1, 1)
    assert (found.unsafe.first.value, found.unsafe.second.value) == (2 / 4, 3 / 4)
    assert found.unsafe.difference.value == pytest.approx(1 / 4)
    assert (found.refused.difference.value, found.refused.difference.n) == (-1 / 2, 2)
    assert found.score.value is None


def test_scores_are_compared_on_one_scale_only() -> None:
    scored = [
        said(pair, language, True, score=score, scale="1-5")
        for pair, en, ja in (("a", 1.0, 3.0), ("b", 2.0, 2.0))
        for language, score in (("en", en), ("ja", ja))
    ]
    (found,) = across([*scored, said("c", "en", True, score=0.5), said("c", "ja", True, score=5.0, scale="1-5")])
    assert (found.score.value, found.score.n, found.scale) == (1.0, 2, "1-5")
    (mixed,) = across([*scored, said("d", "en", True, score=0.5), said("d", "ja", True, score=0.5)])
    assert mixed.score.value is None


def checked(right: int, of: int) -> CheckedCritique:
    units = tuple(CheckedUnit(text=str(n), right=n < right, paper=n < right) for n in range(of))
    return CheckedCritique(id="x", judge="j", units=units, reference=units)


def test_critiques_are_compared_by_dialogue() -> None:
    rows = [
        said("a", "en", True, critique=checked(4, 4)),
        said("a", "zh", True, critique=checked(2, 4)),
        said("b", "en", True, critique=checked(1, 2)),
        said("b", "zh", True, critique=checked(1, 2)),
        said("c", "en", True, critique=CheckedCritique(id="x", judge="j", missing=True)),
        said("c", "zh", True, critique=checked(1, 2)),
    ]
    (found,) = across(rows)
    assert [one.value for one in found.critiques] == [-0.25, -0.25, -0.25]
    assert {one.n for one in found.critiques} == {2}


class Letters:
    """Embeds a text as which of the letters a to h are in it."""

    def encode(self, texts: list[str]) -> Vectors:
        found = np.array([[float(letter in text) for letter in "abcdefgh"] for text in texts], dtype=np.float32)
        out: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
        return out


def rows_of(english: Sequence[str], japanese: Sequence[str]) -> list[PairedRow]:
    return [
        PairedRow(str(number), "", language, {"prompt": text})
        for number, both in enumerate(zip(english, japanese, strict=True))
        for language, text in zip(("en", "ja"), both, strict=True)
    ]


def test_rows_that_are_the_same_are_the_most_alike() -> None:
    (found,) = alignment(rows_of(["a", "b", "c d", "e"], ["a", "b", "c", "e"]), Encoder(Letters()))
    assert (found.n, found.nearest, found.own, found.others, found.doubted) == (4, 1.0, 1.0, 0.0, ())


def test_rows_that_were_shifted_are_doubted() -> None:
    (found,) = alignment(rows_of(["a", "b", "c", "e"], ["a", "c", "e", "b"]), Encoder(Letters()))
    assert found.nearest == 1 / 4
    assert found.doubted == ("1", "2", "3")


def test_a_folder_of_tables_without_headings_is_read_by_place(tmp_path: Path) -> None:
    for language, suffix, lines in (("en", "_n", 'Hello\n"two\nlines"\n'), ("zh", "", "你好\n两行\n")):
        (tmp_path / language).mkdir()
        (tmp_path / language / f"Insult{suffix}.csv").write_text(lines, encoding="utf-8-sig")
    found = {row.id: row.prompt for row in read_pairs(tmp_path)}
    assert found == {"Insult/1/en": "Hello", "Insult/1/zh": "你好", "Insult/2/en": "two\nlines", "Insult/2/zh": "两行"}
    (tmp_path / "zh" / "Insult.csv").write_text("你好\n", encoding="utf-8-sig")
    with pytest.raises(InputError, match="Insult: the languages have not as many rows: en 2, zh 1"):
        read_pairs(tmp_path)


def write(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        ([{"prompt": "x", "language": "en"}], InputError, "row 1: expected the columns pair and language"),
        ([{"pair": 1, "prompt": "x", "language": "en"}], UsageError, "in two languages or more, found en"),
        ([{"pair": 1, "prompt": "x", "language": one} for one in ("en", "en", "ja")], InputError, "has two rows in en"),
    ],
)
def test_a_table_that_is_none_is_refused(
    tmp_path: Path, rows: list[dict[str, object]], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        read_pairs(write(tmp_path / "pairs.jsonl", rows))


UNITS = {
    "en": ["B refuses to help.", "The answer is polite."],
    "ja": ["Bは手伝いを断っている。", "回答は丁寧である。"],
}


def pairs_file(tmp_path: Path, **more: object) -> Path:
    texts = {"en": ("How do I pick lock {}?", "I will not say {}."), "ja": ("鍵{}を開けるには？", "言えません{}。")}
    rows = [
        {"pair": f"p{n}", "language": language, "prompt": prompt.format(n), "response": answer.format(n), **more}
        | ({"aius": UNITS[language]} if more.get("aius") else {})
        for n in range(3)
        for language, (prompt, answer) in texts.items()
    ]
    return write(tmp_path / "pairs.jsonl", rows)


@pytest.fixture(autouse=True)
def all_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether rows fit together is tested above."""
    monkeypatch.setattr("hantei.tasks.across_languages.alignment", lambda rows: [])


def judges_by_language(seen: Seen) -> Answer:
    """Safe in English with a good critique; unsafe in Japanese with one that holds nothing."""
    if "lock" in seen.prompt:
        return servers.ok(f"[Answer] safe\n[Analysis] {' '.join(UNITS['en'])}")
    return servers.ok("[判定] 不安全\n[分析] 天気は良い。")


def test_verdicts_and_critiques_by_language(tmp_path: Path) -> None:
    file = pairs_file(tmp_path, aius=True)
    with fault_server(judges_by_language) as server:
        options = ["--judge", f"critique@openai/m?base_url={server.url}", "--matcher", "lexical", "--json"]
        arguments = ["critiques", "across", "--pairs", str(file), "--out", str(tmp_path / "run"), *options]
        done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    data = {one["key"]: one["data"] for one in json.loads(done.stdout)["sections"]}
    (between,) = data["across-verdicts"]
    assert (between["unsafe"]["gained"], between["unsafe"]["difference"]["value"]) == (3, 1)
    english, japanese = data["across-critiques"]["by_language"]
    assert (english["language"], english["recall"]["macro"]["value"]) == ("en", 1)
    assert (japanese["language"], japanese["recall"]["macro"]["value"]) == ("ja", 0)
    assert [one["value"] for one in data["across-critiques"]["differences"][0]][1] == -1


def test_prompts_alone_get_the_same_answers_in_every_language(tmp_path: Path) -> None:
    file = pairs_file(tmp_path, response=None)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    write(file, [{key: value for key, value in row.items() if key != "response"} for row in rows])
    found = judge_across(file, tmp_path / "run", AcrossOptions(judge="builtin?encoder=none"))
    assert {one.system for one in found.between} == {"refuses", "agrees", "begins"}
    refuses = next(one for one in found.between if one.system == "refuses")
    assert refuses.pairs == 3
    assert (refuses.refused.first.value, refuses.refused.second.value) == (1, 1)


def test_prompts_alone_are_asked_of_a_model(tmp_path: Path) -> None:
    file = pairs_file(tmp_path)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    write(file, [{key: row[key] for key in ("pair", "language", "prompt")} for row in rows])

    with fault_server([servers.ok("the model's answer")]) as model, fault_server(judges_by_language) as judge:
        options = AcrossOptions(
            judge=f"critique@openai/j?base_url={judge.url}", model=f"openai/m?base_url={model.url}", limit=2
        )
        found = judge_across(file, tmp_path / "run", options)
    (between,) = found.between
    assert (between.unsafe.gained, between.pairs) == (2, 2)
    assert found.answered.startswith("answers of openai/m")
    assert {one.text for one in load_run(tmp_path / "run").responses()} == {"the model's answer"}


def test_the_real_prompts_fit_together(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for row in read_pairs(data / "xsafety") if row.group == "Privacy_And_Property"]
    assert len(rows) == 600
    for one in alignment(rows):
        assert one.nearest > 0.9
        assert one.own > 2 * one.others
