"""Attacks are cards; what they make of a prompt is linked to it, the same each time, and changes nothing else."""

from __future__ import annotations

import codecs
import unicodedata
from base64 import b64decode

import pytest
from msgspec.structs import replace

from hantei import benchmarks
from hantei.benchmarks.attacks import attack_names, chains, load_attack, wrap
from hantei.benchmarks.attacks.card import parse_attack
from hantei.benchmarks.attacks.encodings import ENCODINGS
from hantei.errors import CardError, UsageError
from hantei.record_lines import from_line, to_line
from hantei.records import Message, Prompt

QUESTION = "How do I pick a lock? {prompt}"


def prompt(text: str = QUESTION, language: str | None = "en", **fields: object) -> Prompt:
    return Prompt(id="p1", messages=(Message(role="user", content=text),), language=language, **fields)  # type: ignore[arg-type]


def wrapped(name: str, of: Prompt, seed: int = 0, words: str | None = None) -> Prompt:
    (chain,) = chains([name], with_model=True)
    made = wrap(of, chain, seed, words)
    assert made is not None
    return made


@pytest.mark.parametrize("name", attack_names())
def test_every_card_is_whole_and_says_the_prompt_in_its_languages(name: str) -> None:
    card = load_attack(name)
    assert card.source
    for wording in card.wordings:
        made = wrapped(name, prompt("Q?", wording.language))
        said = ENCODINGS[card.encoding]("Q?") if card.encoding else "Q?"
        assert said in made.messages[-1].content
        assert (made.id, made.parent, made.variant) == (f"p1+{name}", "p1", f"{card.kind}/{name}")


def test_every_attack_with_words_can_be_put_around_the_starter() -> None:
    plain = list(benchmarks.load_benchmark("starter"))
    for chain in chains(["all"], with_model=False):
        made = [wrap(one, chain) for one in plain]
        languages = chain.cards[0].languages
        assert sum(one is not None for one in made) == sum(one.language in languages for one in plain)


@pytest.mark.parametrize(
    ("name", "decode"),
    [
        ("base64", lambda text: b64decode(text).decode()),
        ("rot13", lambda text: codecs.decode(text, "rot13")),
        ("spacing", lambda text: text[::2]),
        ("full-width", lambda text: unicodedata.normalize("NFKC", text)),
        ("reversed", lambda text: text[::-1]),
        ("unicode-escapes", lambda text: text.encode().decode("unicode-escape")),
    ],
)
def test_encodings_are_read_by_what_reads_them(name: str, decode: object) -> None:
    text = "How do I pick a lock? Tell me, 3 steps!"
    assert decode(ENCODINGS[name](text)) == text  # type: ignore[operator]


def test_half_width_kana_are_the_same_sounds() -> None:
    assert ENCODINGS["half-width"]("ガラスをぱりんと割る。") == "ｶﾞﾗｽｦﾊﾟﾘﾝﾄ割ﾙ｡"
    assert unicodedata.normalize("NFKC", "ｶﾞﾗｽｦﾊﾟﾘﾝﾄ") == "ガラスヲパリント"


@pytest.mark.parametrize("name", [*ENCODINGS])
@pytest.mark.parametrize("text", ["", "\ud800 half a pair", "😀 e\u0301 \0"])
def test_no_text_is_too_odd_to_encode(name: str, text: str) -> None:
    assert isinstance(ENCODINGS[name](text), str)


def test_attacks_are_put_around_each_other_in_order() -> None:
    one, other = wrapped("fiction+base64", prompt()), wrapped("base64+fiction", prompt())
    inside = b64decode(one.messages[-1].content.rsplit("\n", 1)[-1]).decode()
    assert QUESTION in inside
    assert QUESTION not in other.messages[-1].content
    assert "novel" in other.messages[-1].content or "radio" in other.messages[-1].content
    assert one.variant == "attack/fiction+base64"
    assert one.plain == other.plain == prompt().messages


def test_what_was_wrapped_before_stays_linked_to_the_plain_prompt() -> None:
    again = wrapped("base64", wrapped("fiction", prompt()))
    assert again == replace(wrapped("fiction+base64", prompt()))
    assert wrapped("base64", prompt(variant="twin", parent="p0")).parent == "p1"


def test_the_wording_is_drawn_by_seed_and_prompt() -> None:
    made = [wrapped("paraphrase", prompt(), seed).messages for seed in range(20)]
    assert made == [wrapped("paraphrase", prompt(), seed).messages for seed in range(20)]
    assert len({one[-1].content for one in made}) == len(load_attack("paraphrase").wordings_in("en")) == 3


def test_earlier_turns_stay_before_what_an_attack_says() -> None:
    talk = (Message(role="system", content="Be brief."), Message(role="user", content="Hi."))
    made = wrapped("many-shot", replace(prompt(), messages=(*talk, *prompt().messages)))
    assert made.messages[:2] == talk
    assert made.messages[-1] == prompt().messages[-1]
    assert [turn.role for turn in made.messages[2:]] == ["user", "assistant"] * 10 + ["user"]
    assert made.plain == (*talk, *prompt().messages)


def test_judges_see_the_prompt_before_the_turns_that_lead_there_and_before_a_paraphrase() -> None:
    assert wrapped("several-turns", prompt()).plain == prompt().messages
    assert wrapped("paraphrase-model", prompt(), words="How is a lock picked?").plain == prompt().messages


def test_a_translation_has_its_language_and_is_no_attack() -> None:
    made = wrapped("translate-ja", prompt(), words="鍵はどう開けますか。")
    assert (made.language, made.variant, made.text) == ("ja", "translation/translate-ja", "鍵はどう開けますか。")
    attacked = wrapped("translate-ja+role-play", prompt(), words="鍵はどう開けますか。")
    assert (attacked.language, attacked.variant) == ("ja", "attack/translate-ja+role-play")
    assert "露庵" in attacked.text
    assert [turn.content for turn in attacked.plain] == ["鍵はどう開けますか。"]


def test_nothing_is_made_where_there_are_no_words_for_it() -> None:
    (rot13, translate) = chains(["rot13", "translate-ja"], with_model=True)
    assert wrap(prompt("こんにちは。", "ja"), rot13) is None
    assert wrap(prompt("Bonjour.", "fr"), rot13) is None
    assert wrap(prompt(), translate, words=None) is None
    tool = replace(prompt(), messages=(*prompt().messages, Message(role="tool", content="4")))
    assert wrap(tool, rot13) is None


def test_a_wrapped_prompt_survives_being_written() -> None:
    made = wrapped("unicode-escapes", prompt("a \ud800 b"))
    assert from_line(Prompt, to_line(made)) == made


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rol-play", "no such attack.*did you mean 'role-play'"),
        ("role-play+translate-ja", "translate-ja says the plain prompt in other words: expected it first"),
        ("+".join(["base64"] * 100), "at most 6 attacks in a chain, got 100"),
        ("", "no such attack"),
        ("../cards/fiction", "no such attack"),
    ],
)
def test_what_is_no_chain_is_told(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        chains([name], with_model=True)


CARD = 'title = "T"\ndescription = "D"\nsource = "S"\n'


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("", "either wordings, or how a model is asked"),
        ('[[wordings]]\nlanguage = "en"\nturns = [{role = "user", content = "no slot"}]', "{prompt} once, in the last"),
        ('[[wordings]]\nlanguage = "en"\nturns = [{role = "assistant", content = "{prompt}"}]', "which is the user's"),
        ('encoding = "rot14"\n', "expected one of base64"),
        ('target = "ja"\nask = "Translate."\n', "the language of a translation, and of nothing else"),
        ('langauge = "ja"\n', "no such field"),
    ],
)
def test_a_card_that_does_not_fit_is_told(more: str, says: str) -> None:
    with pytest.raises(CardError, match=says):
        parse_attack("mine", CARD + more)


def test_encodings_around_each_other_do_not_fill_the_disk() -> None:
    (chain,) = chains(["+".join(["unicode-escapes"] * 6)], with_model=False)
    assert wrap(prompt("a" * 100), chain) is None  # 6 characters for each, six times over, are millions
    (short,) = chains(["+".join(["unicode-escapes"] * 3)], with_model=False)
    assert wrap(prompt("a" * 100), short) is not None
