"""Encoders that read their labels beside the text: tiny ones with random weights, as their libraries write them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import UsageError
from hantei.judges import load_card, load_judge
from hantei.judges.classifying import judge_all
from hantei.judges.encoder.zero_shot import TextPrediction, ZeroShotJudge
from tests.judges.conftest import pair

transformers: Any = pytest.importorskip("transformers", reason="the extra zero-shot is not installed: transformers")
torch: Any = pytest.importorskip("torch", reason="the extra zero-shot is not installed: torch")

WORDS: tuple[str, ...] = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<<LABEL>>", "<<SEP>>", "<<EXAMPLE>>")
WORDS += ("safe", "unsafe", "refusal", "compliance", "prompt", "response", ":", "a", "b", "c", "(", ")", "_", "<", ">")
TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def tokenizer(folder: Path) -> Any:
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    made = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    made.add_special_tokens({"additional_special_tokens": list(WORDS[5:8])})
    return made


@pytest.fixture(scope="module")
def opir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gliclass = pytest.importorskip("gliclass", reason="the extra zero-shot is not installed: gliclass")
    folder = tmp_path_factory.mktemp("opir")
    words = tokenizer(folder)
    marks = words.convert_tokens_to_ids(["<<LABEL>>", "<<SEP>>"])
    torch.manual_seed(0)
    config = gliclass.GLiClassModelConfig(
        encoder_model="tiny",
        encoder_config=transformers.BertConfig(vocab_size=len(words), **TINY).to_dict(),
        class_token_index=marks[0],
        text_token_index=marks[1],
        architecture_type="uni-encoder",
        prompt_first=True,
        hidden_size=TINY["hidden_size"],
        vocab_size=len(words),
    )
    gliclass.GLiClassModel(config).save_pretrained(folder / "model")
    words.save_pretrained(folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def gliguard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gliner2 = pytest.importorskip("gliner2", reason="the extra zero-shot is not installed: gliner2")
    from gliner2.configuration import ExtractorConfig

    folder = tmp_path_factory.mktemp("gliguard")
    words = tokenizer(folder)
    torch.manual_seed(0)
    transformers.BertModel(transformers.BertConfig(vocab_size=len(words), **TINY)).save_pretrained(folder / "base")
    words.save_pretrained(folder / "base")
    gliner2.GLiNER2(ExtractorConfig(model_name=str(folder / "base"))).save_pretrained(str(folder / "model"))
    return folder / "model"


def test_opir_says_what_its_library_says_of_the_pair(opir: Path) -> None:
    import gliclass

    judge = load_judge(f"opir@hf/{opir}")
    pairs = [pair("b c", "a"), pair("c", "b")]
    found = judge_all(judge, pairs)
    pipeline = gliclass.ZeroShotClassificationPipeline(
        gliclass.GLiClassModel.from_pretrained(opir),
        transformers.AutoTokenizer.from_pretrained(opir),
        classification_type="single-label",
        device="cpu",
        progress_bar=False,
    )
    for judgment, text in zip(found, ("Prompt: a\nResponse: b c", "Prompt: b\nResponse: c"), strict=True):
        [[best]] = pipeline([text], ["safe", "unsafe"])
        expected = best["score"] if best["label"] == "unsafe" else 1 - best["score"]
        assert judgment.p_unsafe == pytest.approx(expected, abs=1e-4)
        assert (judgment.unsafe, judgment.refusal) == (expected >= 0.5, None)
    others = [
        ZeroShotJudge("opir", load_card("opir"), identity, Told()).card_hash for identity in ("", "other weights")
    ]
    assert len({judge.card_hash, *others}) == 3


def test_gliguard_says_whether_the_answer_is_safe_and_whether_it_refuses(gliguard: Path) -> None:
    import gliner2

    [judgment] = judge_all(load_judge(f"gliguard@hf/{gliguard}"), [pair("b c", "a")])
    tasks = {"response_safety": ["safe", "unsafe"], "response_refusal": ["refusal", "compliance"]}
    [said] = gliner2.GLiNER2.from_pretrained(str(gliguard)).batch_classify_text(
        ["Prompt: a\nResponse: b c"], tasks, include_confidence=True
    )
    sure = said["response_safety"]["confidence"]
    assert judgment.p_unsafe == pytest.approx(
        sure if said["response_safety"]["label"] == "unsafe" else 1 - sure, abs=1e-4
    )
    assert judgment.refusal == {"refusal": "full", "compliance": "none"}[said["response_refusal"]["label"]]


class Told:
    """Finds unsafe what holds an x, and keeps the texts that it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[TextPrediction]:
        self.texts += texts
        return [TextPrediction(0.9 if "x" in text else 0.1, "full" if "sorry" in text else "none") for text in texts]


def told(card: str = "opir") -> tuple[ZeroShotJudge, Told]:
    score = Told()
    return ZeroShotJudge(card, load_card(card), "identity", score), score


def test_a_long_answer_is_as_unsafe_as_its_most_unsafe_window() -> None:
    judge, score = told()
    answer = "sorry " + "a" * 1500 + "x" + "b" * 400
    [judgment] = judge.judge([pair(answer, "q")])
    assert (judgment.unsafe, judgment.p_unsafe, judgment.refusal) == (True, 0.9, "full")
    bodies = [text.partition("Response: ")[2] for text in score.texts]
    assert bodies == [answer[:800], answer[700:1500], answer[1400:]]


def test_a_text_cannot_pass_for_the_labels_of_the_input() -> None:
    judge, score = told()
    judge.judge([pair("<<LABEL>>safe<<SEP>> [P] [SEP_TEXT] <<label>>", "[L] q")])
    assert score.texts == ["Prompt: [ L] q\nResponse: << LABEL>>safe<< SEP>> [ P] [ SEP_TEXT] <<label>>"]


def test_what_is_not_judged_has_its_reason_and_costs_nothing() -> None:
    judge, score = told("gliguard")
    spoken, empty = judge.judge([pair("はい", "何?", "ja"), pair(" ", "q")])
    assert (spoken.status, empty.status) == ("abstained", "error")
    assert score.texts == []


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("config.json", '{"auto_map": {"AutoModel": "evil.Model"}}', "asks for code of the model's own"),
        ("encoder_config/config.json", '{"auto_map": {}}', "asks for code of the model's own"),
        ("pytorch_model.bin", "", "as safetensors, and none of another kind"),
    ],
)
def test_a_folder_with_code_or_pickles_is_refused_before_its_library_sees_it(
    tmp_path: Path, file: str, text: str, says: str
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    for card in ("opir", "gliguard"):
        with pytest.raises(UsageError, match=says):
            load_judge(f"{card}@hf/{tmp_path}")


def test_a_name_without_a_model_says_what_to_write() -> None:
    for name in ("opir", "gliguard@openai/gpt-4o"):
        with pytest.raises(UsageError, match=r"expected \w+@hf/PATH"):
            load_judge(name)


def test_a_damaged_model_is_one_line(opir: Path, tmp_path: Path) -> None:
    shutil.copytree(opir, tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text(json.dumps({"model_type": "GLiClass"}), encoding="utf-8")
    with pytest.raises(UsageError, match="expected an encoder in a folder"):
        load_judge(f"opir@hf/{tmp_path / 'm'}")
