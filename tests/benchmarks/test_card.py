from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hantei import taxonomy
from hantei.benchmarks import card_names, load_card
from hantei.benchmarks.card import CARDS, parse_card
from hantei.errors import CardError, UsageError

XSTEST = (CARDS / "xstest.toml").read_text(encoding="utf-8")

WANTED = {
    "starter", "demo", "general", "do-not-answer", "do-not-answer-ja", "do-not-answer-ja-120", "answer-carefully-v1",
    "answer-carefully-v2", "answer-carefully-v2.2", "answer-carefully-borderline", "beavertails", "diasafety",
    "jade-v1", "jade-v2", "jade-v3", "flames", "wildsafety", "xstest", "or-bench", "sorry-bench", "strongreject",
    "harmbench", "jailbreakbench", "wildguardtest", "wildguardtest-jp", "polyguardprompts",
    "safety-boundary-test", "aisev", "linguasafe", "safety-j", "answer-carefully-v3", "xl-safetybench",
    "chinesesafe", "falsereject", "health-orsc",
}  # fmt: skip


def test_the_benchmarks_of_the_field_have_cards_and_the_starter_comes_first() -> None:
    assert set(card_names()) >= WANTED
    assert card_names()[0] == "starter"


@pytest.mark.parametrize("name", card_names())
def test_card_is_complete(name: str) -> None:
    card = load_card(name)
    assert card.terms.endswith(".")
    assert all(tag == tag.strip() and tag for tag in card.languages)
    assert card.taxonomy is None or card.taxonomy in taxonomy.names()
    assert card.origin.page is None or card.url.startswith("https://")
    if "from memory" in card.evidence.values() or "unknown" in card.evidence.values():
        assert card.unknown, "what is not known must be said in words"
    for spec in card.files:
        assert card.match(Path("/folder") / spec.path.replace("*", "x")) == spec


def test_a_gated_benchmark_says_how_to_ask() -> None:
    gated = [name for name in card_names() if load_card(name).origin.gated]
    assert {"answer-carefully-v2", "sorry-bench", "wildguardtest"} <= set(gated)
    assert "share your contact information" in (load_card("answer-carefully-v2").origin.access or "")


def test_expected_counts_by_split() -> None:
    assert load_card("answer-carefully-v2").counts == {"dev": 1464, "test": 336}
    assert load_card("falsereject").counts == {"test": 1187, "train": 14624}
    countries = load_card("xl-safetybench").counts
    assert len(countries) == 20
    assert sum(count or 0 for count in countries.values()) == 10 * (450 + 100)
    assert load_card("or-bench").counts == {"80k": None, "hard-1k": 1319, "toxic": 655}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('licence = "CC-BY-4.0"', "", "licence"),
        ('kind = "github"', 'kind = "ftp"', "source.kind"),
        ('repository = "paul-rottger/exaggerated-safety"', "", "source"),
        ('columns = "computed"', 'columns = "surely"', "evidence.columns"),
        ('prompt = "prompt"', "", "columns"),
        ('kept = ["type"', 'keep = ["type"', "columns"),
        ('unsafe = "harmful"', 'unsafe = "evil"', "rules.intent"),
        ('language = { constant = "en" }', "language = {}", "rules.language"),
        ('language = { constant = "en" }', 'tongue = { constant = "en" }', "files[1].rules: expected one of"),
        ('split = "test"', "", "files[1].split: missing"),
        ("count = 450", 'count = "450"', "files[1].count: expected a whole number, got a text"),
        ("count = 450", "counts = 450", "files[1].counts: no such field; did you mean 'count'?"),
        ('languages = ["en"]', 'languages = "en"', "languages"),
        ('languages = ["en"]', 'languages = ["en"]\ndefault = ["dev"]', "default: expected one of test, got 'dev'"),
        (
            'languages = ["en"]',
            'languages = ["en"]\ndefualt = ["test"]',
            "defualt: no such field; did you mean 'default'",
        ),
        ("[source]", "[source", "TOML"),
    ],
)
def test_a_broken_card_is_named_with_its_field(old: str, new: str, field: str) -> None:
    assert old in XSTEST
    with pytest.raises(CardError, match="xstest") as caught:
        parse_card("xstest", XSTEST.replace(old, new))
    assert field in str(caught.value)


def test_a_gated_card_must_say_how_to_ask() -> None:
    with pytest.raises(CardError, match=r"source\.access"):
        parse_card("xstest", XSTEST.replace("[source]", "[source]\ngated = true"))


def test_an_unknown_name() -> None:
    with pytest.raises(UsageError, match="benchmarks list"):
        load_card("../../etc/passwd")


@pytest.mark.parametrize(
    ("name", "path", "split"),
    [
        ("diasafety", "/x/DiaSafety_dataset/val.json", "val"),
        ("diasafety", "/x/my-train-copy.json", "train"),
        ("answer-carefully-v1", "/x/AnswerCarefullyVersion001_Test_rev20241224.json", "test"),
        ("answer-carefully-v2", "/x/v2.0/dev-00000-of-00001.parquet", "dev"),
        ("xstest", "/x/anything.csv", "test"),
        ("or-bench", "/cache/or-bench/toxic/or-bench-toxic.csv", "toxic"),
        ("safety-j", "/x/Jade.dev.json", "jade"),
        ("xl-safetybench", "/x/data/jailbreak/south_korea/attack_prompts.csv", "jailbreak-south-korea"),
        ("xl-safetybench", "/cache/xl-safetybench/cultural-japan/scenario_prompts.csv", "cultural-japan"),
    ],
)
def test_which_file_a_path_is(name: str, path: str, split: str) -> None:
    assert load_card(name).match(Path(path)).split == split


def test_a_path_that_could_be_any_file_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError, match=r"train\.json \(train\)"):
        load_card("diasafety").match(Path("/x/data.json"))


def test_importing_stays_light() -> None:
    heavy = "{'numpy', 'pyarrow', 'huggingface_hub', 'sklearn', 'rich', 'jinja2', 'charset_normalizer'}"
    code = f"import sys, hantei.benchmarks; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("answer-carefully-v3", None),
        ("xl-safetybench", 10 * (450 + 100)),
        ("chinesesafe", 20_000),
        ("falsereject", 1_187 + 14_624),
        ("health-orsc", None),
        ("linguasafe", None),
    ],
)
def test_benchmarks_that_were_not_loaded_say_so(name: str, rows: int | None) -> None:
    card = load_card(name)
    assert card.unknown[0].startswith("Untested: nothing of it was loaded here.")
    counts = [spec.count for spec in card.files]
    known = [count for count in counts if count is not None]
    assert (sum(known) if len(known) == len(counts) else None) == rows
