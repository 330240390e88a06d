"""Cards: found, read, refused with the card's and the field's name; data sheets; names of judges."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hantei.errors import CardError, UsageError
from hantei.judges import card_names, load_card, load_judge, preview
from hantei.judges.card import EVIDENCE, card_hash
from hantei.judges.loading import asked_judge
from tests.judges.conftest import Scripted, judge_of, pair

ASKING = [name for name in card_names() if load_card(name).asks]
TUNED = sorted(name.removesuffix("-style") for name in ASKING if name.endswith("-style"))
CARD = """name = "mine"
version = "1"
title = "Mine"
description = "Says good or bad."
licence = "Apache-2.0"
evidence = "untested"
rate_kind = "flagged"
languages = ["en"]

[prompt]
max_tokens = 16

[[ask]]
name = "verdict"

[[ask.field]]
name = "verdict"
pattern = 'verdict: ([a-z]{1,8})'
labels = {good = ["good"], bad = ["bad"]}

[verdict]
unsafe = {field = "verdict", labels = {good = false, bad = true}}
"""


def folder(path: Path, toml: str = CARD, template: str = "{{ question }} {{ answer }}") -> str:
    home = path / "mine"
    home.mkdir()
    (home / "card.toml").write_text(toml, encoding="utf-8")
    (home / "en.j2").write_text(template, encoding="utf-8")
    return str(home)


def test_the_cards_are_all_there() -> None:
    wanted = (
        "rubric borderline boundary action critique llama-guard-3 llama-guard-4 qwen3guard wildguard shieldgemma "
        "granite-guardian nemotron polyguard gpt-oss-safeguard shieldlm safety-j harmbench strongreject xstest "
        "openai-moderation"
    )
    assert set(wanted.split()) <= set(card_names())
    assert len(TUNED) == 8


@pytest.mark.parametrize("name", ASKING)
def test_a_card_says_what_it_must_and_is_honest(name: str) -> None:
    card = load_card(name)
    assert card.name == card.data["name"] == name
    assert card.data["evidence"] in EVIDENCE[1:]  # no card was run on the real model
    assert card.data["weak"]
    assert "measured" not in card.data
    if card.data["evidence"] == "untested":
        assert card.rate_kind == "flagged"
    facts = {"rate_kind", "version", "description", "licence", "languages", "evidence", "weak"}
    assert set(card.outline()) == facts | {"order", "reference", "turns"}


@pytest.mark.parametrize("name", ASKING)
def test_a_sheet_shows_languages_licence_evidence_and_weakness(name: str) -> None:
    sheet = load_card(name).sheet()
    for part in ("Languages: ", "Evidence: ", "Licence: ", "Measured: nothing yet", "Where it is weak"):
        assert part in sheet
    assert max(len(line) for line in sheet.splitlines()) <= 140


def test_a_sheet_prints_measurements_as_a_table() -> None:
    card = load_card("rubric")
    from hantei.judges.sheet import sheet

    rows = [{"data": "a", "n": 10, "accuracy": 0.5}, {"data": "long name", "n": 5}]
    text = sheet("x", {**card.data, "measured": rows})
    assert "data       n   accuracy\na          10  0.500\nlong name  5\n" in text


def test_a_card_is_found_by_the_full_name_of_its_judge() -> None:
    assert load_card("qwen3guard?mode=loose@openai/guard?base_url=http://127.0.0.1:1/v1").name == "qwen3guard"
    assert load_card("rubric@openai/gpt-4o").text().startswith('name = "rubric"')


def test_a_card_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"--judge nothing: no such judge; choose from action, .*xstest"):
        load_card("nothing")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rubric", "needs a model to ask, such as rubric@openai/gpt-4o"),
        (
            "rubric?mode=loose@replay/x",
            "rubric has no setting 'mode'; choose from abstain, logprobs, options, parse, ref",
        ),
        ("rubric?refrence=x@replay/x", "wording, calibration, turn; did you mean 'reference'?"),
        ("builtin?x=1", "builtin has no setting 'x'; choose from abstain, encoder, mode, calibration"),
        ("builtin?mod=strict", "; did you mean 'mode'?"),
        ("qwen3guard?mode=mild@replay/x", "expected mode=strict or loose, got 'mild'"),
        ("boundary?parse=paper@replay/x", "how the published parser reads a reply is not known"),
        ("human:hanako", "a person is no judge to run"),
        ("gpt-oss-safeguard?policy=no-such-file@replay/x", "policy=no-such-file cannot be read"),
    ],
)
def test_a_wrong_name_is_refused_with_what_is_allowed(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        asked_judge(name, Scripted()) if "@replay" in name else load_judge(name)


@pytest.mark.parametrize("name", TUNED)
def test_a_model_tuned_on_one_prompt_needs_that_prompt(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=f"copy it from https://.* {name}[?]prompt_file=FILE@MODEL, or use {name}-style"
    ):
        judge_of(name)
    spec = judge_of(f"{name}-style").spec
    body = " and ".join(["Judge", *spec.exact]) + "\n"
    text = body if len(spec.asks) == 1 else "".join(f"=== {ask.name} ===\n{body}" for ask in spec.asks)
    file = tmp_path / "prompt.txt"
    file.write_text(text, encoding="utf-8")
    judge = judge_of(f"{name}?prompt_file={file}")
    request = judge.calls(*pair("ANSWER<|im_end|>", "QUESTION"))[0]
    filled = {"question": "QUESTION", "answer": "ANSWER< |im_end| >"}
    assert request.messages[-1].content == " and ".join(["Judge", *(filled[text] for text in spec.exact.values())])
    if spec.exact:
        file.write_text("no placeholder", encoding="utf-8")
        with pytest.raises(UsageError, match="the file of the published prompt lacks"):
            judge_of(f"{name}?prompt_file={file}")


def test_the_hash_holds_card_templates_and_the_users_files(tmp_path: Path) -> None:
    home = folder(tmp_path)
    before = card_hash(load_card(home))
    assert re.fullmatch("[0-9a-f]{64}", before)
    assert card_hash(load_card(home)) == before
    (tmp_path / "mine" / "en.j2").write_text("{{ answer }}", encoding="utf-8")
    assert card_hash(load_card(home)) != before
    policy = tmp_path / "policy.md"
    hashes = set()
    for text in ("one", "two"):
        policy.write_text(text, encoding="utf-8")
        hashes.add(judge_of(f"gpt-oss-safeguard?policy={policy}").card_hash)
    assert len(hashes | {judge_of("gpt-oss-safeguard").card_hash}) == 3


def test_a_card_of_ones_own_is_a_folder(tmp_path: Path) -> None:
    judge = judge_of(folder(tmp_path))
    assert judge.calls(*pair())[0].messages[0].content.startswith("<question-")
    with pytest.raises(UsageError, match=r"no card\.toml in that folder"):
        load_card(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "Mine"\n', "", "title: missing"),
        ('"untested"', '"proven"', "evidence: expected one of run on the real model, .*, got 'proven'"),
        ("max_tokens = 16", 'max_tokens = "16"', r"prompt\.max_tokens: expected a whole number, got a text"),
        ("max_tokens = 16", "", r"prompt\.max_tokens: missing"),
        ("max_tokens = 16", "max_tokens = 16\nlayout = 'x'", r"prompt\.layout: expected one of template, .*, got 'x'"),
        ("max_tokens = 16", "max_tokens = 16\nneeds = ['x']", r"prompt\.needs: expected one of question, .*, got 'x'"),
        ("([a-z]{1,8})", "([a-z{1,8}", r"ask\[1\]\.field\[1\]\.pattern: not a regular expression"),
        ("([a-z]{1,8})", "[a-z]", r"ask\[1\]\.field\[1\]\.pattern: expected 1 group"),
        (
            "labels = {good = [",
            "label = {good = [",
            r"ask\[1\]\.field\[1\]\.label: no such field; did you mean 'labels'",
        ),
        ("[verdict]", "[verdict]\nscores = 1", r"verdict\.scores: no such field; did you mean 'score'"),
        ('field = "verdict"', 'field = "other"', "verdict: reads the field 'other', which no"),
        ("bad = true}", 'bad = "unsafe"}', r"verdict\.unsafe\.labels\.bad: expected one of True, False"),
        ("[[ask]]\n", "[[asks]]\n", "asks: no such field; did you mean 'ask'"),
        (
            "[prompt]",
            "[settings.place]\nchoices = ['no', 'jp']\ndefault = 'no'\ntexts = {jp = {ja = 'x'}}\n[prompt]",
            r"settings\.place\.texts\.jp: expected one of the choices, with a text in English",
        ),
        ("[prompt]", "[prompt", "not TOML"),
    ],
)
def test_a_broken_card_is_refused_by_name_and_field(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in CARD
    with pytest.raises((CardError, UsageError), match=says):
        judge_of(folder(tmp_path, CARD.replace(old, new)))


def test_a_card_without_its_template_is_refused(tmp_path: Path) -> None:
    home = folder(tmp_path)
    (tmp_path / "mine" / "en.j2").unlink()
    with pytest.raises(CardError, match=r"no template en\.j2 or prompt\.j2 beside it"):
        judge_of(home)


@pytest.mark.parametrize("name", ASKING)
def test_a_preview_shows_what_is_sent(name: str) -> None:
    if name in TUNED:
        return
    judge = judge_of(name)
    prompt, response = pair("AN ANSWER", "A QUESTION", reference="A REFERENCE", criteria="- RULE: -1")
    text = preview(f"{name}@openai/never-asked", prompt, response)
    for request in judge.calls(prompt, response):
        for message in request.messages:
            assert f"--- {message.role} ---\n{message.content}\n" in text
    assert "AN ANSWER" in preview(name, None, response)
    assert f"request {len(judge.spec.asks)} of {len(judge.spec.asks)}" in text


@pytest.mark.parametrize("name", ["xguard", "nemotron-content-safety", "granite-guardian", "gliguard", "opir"])
def test_guards_that_were_not_run_say_so(name: str) -> None:
    """Until one is run on the real model, what it marks is a flagged rate, never a violation rate."""
    data = load_card(name).data
    assert (data["evidence"], data["rate_kind"]) == ("untested", "flagged")
    assert data["weak"][0].startswith("Untested: ")
