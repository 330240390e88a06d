"""Sequence classifiers that hantei did not train."""

from __future__ import annotations

from pathlib import Path

import pytest

from hantei.errors import UsageError
from hantei.judges.encoder.judge import load_named
from tests.judges.encoder.tiny import make_classifier, make_config, make_tokenizer, pair, pairs, torch, transformers


def probabilities(folder: Path, *texts: str) -> list[float]:
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        found: list[float] = model(**make_tokenizer()(*texts, return_tensors="pt")).logits.softmax(-1)[0].tolist()
    return found


def test_labels_map_outputs_to_classes(tmp_path: Path) -> None:
    made = make_classifier(tmp_path, 7)
    judge = load_named(f"encoder?precision=fp32&head=action&labels=0,1,2,3,4,4,5&text=answer@hf/{made}")
    for (_, response), found in zip(pairs(20), judge.judge(pairs(20)), strict=True):
        p = probabilities(made, response.text)
        expected = [*p[:4], p[4] + p[5], p[6]]
        assert [*found.probabilities["action"].values()] == pytest.approx(expected, abs=1e-5)
        assert found.action == expected.index(max(expected))
        assert found.unsafe is None


def test_labels_may_stand_in_any_order(tmp_path: Path) -> None:
    made = make_classifier(tmp_path, 2)
    judge = load_named(f"encoder?precision=fp32&head=unsafe&labels=unsafe,safe@hf/{made}")
    (found,) = judge.judge([pair("yes no", question="how")])
    assert found.p_unsafe == pytest.approx(probabilities(made, "how", "yes no")[0], abs=1e-5)


def test_it_does_not_abstain_and_says_that_nothing_was_measured(tmp_path: Path) -> None:
    judge = load_named(f"encoder?precision=fp32&head=unsafe&labels=safe,unsafe@hf/{make_classifier(tmp_path, 2)}")
    (found,) = judge.judge([pair("yes", language="ja")])
    assert found.status == "ok"
    assert "Nothing has been measured" in judge.outline()["notices"][0]
    assert judge.outline()["evidence"] == "untested"


def test_the_hash_depends_on_the_mapping(tmp_path: Path) -> None:
    made = make_classifier(tmp_path, 2)
    names = [
        f"encoder?precision=fp32&head=unsafe&labels={labels}@hf/{made}" for labels in ("safe,unsafe", "unsafe,safe")
    ]
    assert len({load_named(name).card_hash for name in names}) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("head=harm&labels=safe,unsafe", "expected head=unsafe or"),
        ("head=unsafe&labels=good,bad", "expected labels as in labels=safe,unsafe"),
        ("head=unsafe", "expected labels"),
        ("head=unsafe&labels=safe,unsafe,unsafe", "the model has 2 outputs, labels names 3"),
        ("head=unsafe&labels=safe,unsafe&text=question", "expected text=answer"),
        ("head=unsafe&labels=unsafe,unsafe", "at least two classes"),
        ("head=unsafe&labels=unsafe", "at least two classes"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(tmp_path: Path, settings: str, message: str) -> None:
    made = make_classifier(tmp_path, 2)
    with pytest.raises(UsageError, match=message):
        load_named(f"encoder?{settings}@hf/{made}")


def test_a_folder_without_a_classifier_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"config\.json, found none"):
        load_named(f"encoder?head=unsafe&labels=safe,unsafe@hf/{tmp_path}")


def test_the_hash_depends_on_how_texts_are_cut(tmp_path: Path) -> None:
    names = []
    for lower in (False, True):
        made = make_classifier(tmp_path / str(lower), 2)
        make_tokenizer(lower=lower).save_pretrained(made)
        names.append(f"encoder?precision=fp32&head=unsafe&labels=safe,unsafe@hf/{made}")
    assert len({load_named(name).card_hash for name in names}) == 2


def make_decoder(folder: Path, padding: int | None) -> str:
    """Write a classifier that judges by the last token that is no padding; return its name as a judge."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=200, n_embd=32, n_layer=2, n_head=4, n_positions=96, num_labels=2,
        pad_token_id=padding, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    transformers.GPT2ForSequenceClassification(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return f"encoder?precision=fp32&head=unsafe&labels=safe,unsafe@hf/{folder}"


@pytest.mark.parametrize("padding", [None, 0, 7])
def test_padding_is_what_the_tokenizer_pads_with(tmp_path: Path, padding: int | None) -> None:
    judge = load_named(make_decoder(tmp_path, padding))
    alone = [judge.judge([one])[0].p_unsafe for one in pairs(10)]
    together = [found.p_unsafe for found in judge.judge(pairs(10))]
    assert together == pytest.approx(alone, abs=2e-6)
    assert len(set(alone)) == 10


def test_a_model_without_padding_is_refused(tmp_path: Path) -> None:
    name = make_decoder(tmp_path, None)
    tokenizer = make_tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UsageError, match="has a padding token"):
        load_named(name)


def test_a_model_that_reads_next_to_nothing_is_refused(tmp_path: Path) -> None:
    made = make_classifier(tmp_path, 2)
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 3
    tokenizer.save_pretrained(made)
    with pytest.raises(UsageError, match="the model reads 3 tokens; expected at least 16"):
        load_named(f"encoder?head=unsafe&labels=safe,unsafe@hf/{made}")


def test_an_encoder_without_a_classifier_is_refused(tmp_path: Path) -> None:
    transformers.BertModel(make_config()).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(UsageError, match=r"lack 2 of the network's weights, such as classifier\.bias"):
        load_named(f"encoder?head=unsafe&labels=safe,unsafe@hf/{tmp_path}")
