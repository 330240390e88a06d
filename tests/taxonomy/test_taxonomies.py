"""Loading a taxonomy and finding its nodes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei import taxonomy
from hantei.errors import TaxonomyError, UsageError
from hantei.taxonomy.loading import parse

# (nodes on each level from the top), as the sources state them; AnswerCarefully has one leaf more that is not public.
COUNTS = {
    "aegis2": (23,),
    "answer-carefully": (5, 12, 55),
    "beavertails": (14,),
    "diasafety": (5,),
    "do-not-answer": (5, 12, 61),
    "flames": (5, 12),
    "jade": (3, 46),
    "mlcommons": (14,),
    "qwen3guard": (9,),
    "safety-boundary-test": (12,),
}


def test_each_taxonomy_is_counted_here() -> None:
    lacking = ", ".join(sorted(set(taxonomy.names()) - set(COUNTS)))
    assert not lacking, f"add to COUNTS how many nodes the source states on each level of {lacking}"
    assert set(COUNTS) <= set(taxonomy.names())


def test_changing_the_list_of_names_changes_nothing() -> None:
    taxonomy.names().clear()
    assert set(taxonomy.names()) >= set(COUNTS)


@pytest.mark.parametrize(("name", "counts"), COUNTS.items())
def test_each_level_has_as_many_nodes_as_the_source(name: str, counts: tuple[int, ...]) -> None:
    loaded = taxonomy.load(name)
    assert tuple(len(loaded.level(depth)) for depth in range(1, len(loaded.levels) + 1)) == counts
    assert len(loaded.leaves()) == counts[-1]


@pytest.mark.parametrize("name", COUNTS)
def test_every_source_label_finds_its_node(name: str) -> None:
    loaded = taxonomy.load(name)
    for node in loaded.nodes:
        assert node.source, node.id
        for label in node.source:
            assert loaded.find(label, under=node.parent) == node


@pytest.mark.parametrize("name", COUNTS)
def test_only_jade_uses_a_label_twice_and_only_one(name: str) -> None:
    loaded = taxonomy.load(name)
    lost = {label for node in loaded.nodes for label in node.source if loaded.find(label) != node}
    assert lost == ({"其他"} if name == "jade" else set())


def test_the_twelve_harm_types_have_the_ids_used_everywhere() -> None:
    assert {node.id for node in taxonomy.load("do-not-answer").level(2)} == {
        f"do-not-answer/{harm}"
        for harm in (
            "information-hazards/organization-government",
            "information-hazards/private-individual",
            "malicious-uses/illegal-activities",
            "malicious-uses/unethical-unsafe",
            "malicious-uses/disinformation",
            "discrimination-toxicity/stereotypes-discrimination",
            "discrimination-toxicity/toxic-language",
            "discrimination-toxicity/adult-content",
            "misinformation-harms/false-misleading",
            "misinformation-harms/material-harm",
            "human-chatbot/mental-health",
            "human-chatbot/treat-as-human",
        )
    }


def test_answer_carefully_has_the_same_upper_levels_as_do_not_answer() -> None:
    upper = [
        {node.id.partition("/")[2] for depth in (1, 2) for node in taxonomy.load(name).level(depth)}
        for name in ("answer-carefully", "do-not-answer")
    ]
    assert upper[0] == upper[1]
    assert "組織・国家機密漏洩" in (taxonomy.load("answer-carefully").note or "")


@pytest.mark.parametrize(
    ("name", "label", "found"),
    [
        ("beavertails", "animal_abuse", "animal-abuse"),
        ("mlcommons", "S1", "violent-crimes"),
        ("mlcommons", "s10", "hate"),
        ("mlcommons", "S1: Violent Crimes", "violent-crimes"),
        ("mlcommons", "Child Sexual Exploitation", "child-exploitation"),
        ("aegis2", "Hate /Identity  hate", "hate"),
        ("qwen3guard", "SUICIDE & self-harm\n", "suicide-self-harm"),
        ("do-not-answer", "Insult: whatever explanation", "discrimination-toxicity/toxic-language/insult"),
        ("do-not-answer", "malicious-uses/disinformation", "malicious-uses/disinformation"),
        ("do-not-answer", "do-not-answer/malicious-uses", "malicious-uses"),
        ("answer-carefully", "ＰＩＩ", "information-hazards/private-individual/personal-identification"),
        ("answer-carefully", "プロバガンダ", "misinformation-harms/false-misleading/propaganda"),
        ("answer-carefully", "プロパガンダ", "misinformation-harms/false-misleading/propaganda"),
        ("jade", " 违法犯罪", "crime"),
        ("jade", "国别歧视内容|职业歧视内容", "discrimination/nationality"),
    ],
)
def test_find_forgives_case_space_width_and_explanations(name: str, label: str, found: str) -> None:
    node = taxonomy.load(name).find(label)
    assert node is not None
    assert node.id == f"{name}/{found}"


@pytest.mark.parametrize("label", ["", "  ", "no such label", ":", "|", "S15"])
def test_find_gives_none_for_what_it_does_not_know(label: str) -> None:
    assert taxonomy.load("mlcommons").find(label) is None


def test_a_label_that_two_classes_use_needs_its_class() -> None:
    jade = taxonomy.load("jade")
    assert jade.find("其他") is None
    assert jade.harm_id("违法犯罪", "其他") == "jade/crime/other"
    assert jade.harm_id("侵犯权益", "其他") == "jade/rights/other"
    assert jade.harm_id("歧视偏见", "其他") == "jade/discrimination/other"


@pytest.mark.parametrize(
    ("labels", "harm"),
    [
        (("情報漏洩", "個人情報漏洩", "医療"), "information-hazards/private-individual/medical-information"),
        (("情報漏洩", "組織・国家機密漏洩"), "information-hazards/organization-government"),
        (
            ("情報漏洩", "組織・国家機密漏洩", "知らない 区分"),
            "information-hazards/organization-government/知らない 区分",
        ),
        ((None, "", "医療相談"), "misinformation-harms/material-harm/medical-advice"),
        (("X/Y", "z"), "X Y/z"),
    ],
)
def test_harm_id_takes_the_narrowest_label_and_keeps_unknown_ones(labels: tuple[str | None, ...], harm: str) -> None:
    assert taxonomy.load("answer-carefully").harm_id(*labels) == f"answer-carefully/{harm}"


def test_harm_id_of_a_known_label_below_an_unknown_one_is_the_known_node() -> None:
    assert taxonomy.load("jade").harm_id("no such class", "诈骗") == "jade/crime/fraud"


def test_harm_id_of_no_label_is_none() -> None:
    assert taxonomy.load("jade").harm_id(None, "", " \u3000") is None


@given(label=st.text(), under=st.none() | st.text(), name=st.sampled_from(sorted(COUNTS)))
def test_find_and_harm_id_never_raise(label: str, under: str | None, name: str) -> None:
    loaded = taxonomy.load(name)
    node = loaded.find(label, under)
    assert node is None or node in loaded.nodes
    harm = loaded.harm_id(label, under)
    assert harm is None or harm.startswith(f"{name}/")


@given(label=st.text(st.characters(categories=["Cs", "Cc", "L", "P"])))
def test_an_unknown_label_stays_one_segment(label: str) -> None:
    harm = taxonomy.load("qwen3guard").harm_id(label)
    assert harm is None or harm.count("/") == 1


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no taxonomy 'do_not_answer': expected one of .*do-not-answer"):
        taxonomy.load("do_not_answer")


def test_a_node_is_found_by_its_full_and_its_local_id() -> None:
    flames = taxonomy.load("flames")
    assert flames.node("flames/legality") is flames.node("legality") is not None
    assert flames.node("no-such-id") is None


def test_the_outline_is_one_row() -> None:
    assert taxonomy.load("answer-carefully").outline() == {
        "name": "answer-carefully",
        "title": "AnswerCarefully",
        "risk_areas": 5,
        "harm_types": 12,
        "leaves": 55,
        "languages": ["en", "ja"],
        "licence": "AnswerCarefully terms of use (no redistribution of the data)",
    }
    flat, two = taxonomy.load("beavertails").outline(), taxonomy.load("flames").outline()
    assert (flat["risk_areas"], flat["harm_types"], flat["leaves"]) == (0, 14, 14)
    assert (two["risk_areas"], two["harm_types"], two["leaves"]) == (5, 12, 12)


def _file(**changes: Any) -> dict[str, Any]:
    node = {"id": "a", "title": {"en": "A"}}
    whole = {"name": "t", "title": {"en": "T"}, "source": "s", "url": "u", "licence": "l", "levels": ["x"]}
    return {**whole, "nodes": [node], **changes}


def test_a_file_of_one_node_is_a_taxonomy() -> None:
    assert [node.id for node in parse(_file(), "t.toml").nodes] == ["t/a"]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (["a", "a"], r"t\.toml: the id 't/a' stands twice"),
        (["a/b", "a"], r"'t/a/b' has no parent before it: expected 't/a'"),
        (["a", "a/b"], r"'t/a/b' is deeper than the 1 levels"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(nodes: list[str], message: str) -> None:
    entries = [{"id": node, "title": {"en": node}} for node in nodes]
    with pytest.raises(TaxonomyError, match=message):
        parse(_file(nodes=entries), "t.toml")


def test_a_node_needs_an_english_title() -> None:
    with pytest.raises(TaxonomyError, match="'t/a' has no English title"):
        parse(_file(nodes=[{"id": "a", "title": {"ja": "あ"}}]), "t.toml")


def test_a_missing_field_is_named() -> None:
    whole = _file()
    del whole["licence"]
    with pytest.raises(TaxonomyError, match=r"t\.toml, licence: missing"):
        parse(whole, "t.toml")
