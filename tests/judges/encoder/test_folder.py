"""A trained encoder comes back as it was, and a changed one is refused."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hantei.errors import CardError, UsageError
from hantei.files import sha256
from hantei.judges.card import load_card
from hantei.judges.encoder.folder import EncoderSpec, load, save
from hantei.judges.encoder.pretrained import load_base, longest_input
from hantei.judges.encoder.windows import InputTemplate, encode, padded
from tests.judges.encoder.tiny import make_encoder, make_tokenizer, torch


def logits(network: Any, tokenizer: Any) -> Any:
    template = InputTemplate(tokenizer, pair=True)
    rows = [window for found in encode(template, [("how", "yes no"), ("what ?", "no")], 48) for window in found]
    with torch.inference_mode():
        return network(**{name: torch.from_numpy(array) for name, array in padded(template, rows).items()})


HEADS = 'heads = [\n    "unsafe",\n    "action",\n    "refusal",\n]'
LANGUAGES = 'languages = [\n    "en",\n]'


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_what_is_saved_gives_the_same_logits(tmp_path: Path, pooling: str) -> None:
    first = load(make_encoder(tmp_path / "a", pooling=pooling))
    heads = ("unsafe", "action", "refusal")
    spec = EncoderSpec(heads=heads, max_tokens=48, pooling=first.spec.pooling, temperature={"unsafe": 1.5})
    save(tmp_path / "b", first.network, first.tokenizer, spec, {"name": "encoder"})
    again = load(tmp_path / "b")
    assert torch.equal(logits(first.network, first.tokenizer), logits(again.network, again.tokenizer))
    assert again.spec == spec


def test_padding_changes_nothing(tmp_path: Path) -> None:
    loaded = load(make_encoder(tmp_path))
    both = logits(loaded.network, loaded.tokenizer)
    template = InputTemplate(loaded.tokenizer, pair=True)
    ((alone,),) = encode(template, [("what ?", "no")], 48)
    with torch.inference_mode():
        one = loaded.network(**{k: torch.from_numpy(v) for k, v in padded(template, [alone]).items()})
    assert torch.allclose(both[1], one[0], atol=1e-4)


def test_the_hashes_of_training_pairs_come_back_sorted(tmp_path: Path) -> None:
    made = make_encoder(tmp_path, trained=np.array([9, 2, 2, 5], dtype=np.uint64))
    assert load(made).trained.tolist() == [2, 5, 9]


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    file = make_encoder(tmp_path) / name
    file.write_bytes(file.read_bytes()[:-1] + b" ")
    with pytest.raises(CardError, match=f"{name}: is not the file that card.toml describes"):
        load(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (make_encoder(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(CardError, match=r"model\.safetensors: missing"):
        load(tmp_path)


def test_a_spec_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    card = make_encoder(tmp_path) / "card.toml"
    card.write_text(card.read_text().replace('pooling = "first"', 'pooling = "max"'), encoding="utf-8")
    with pytest.raises(CardError, match="pooling: expected 'first' or 'mean'"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("there", "edited", "message"),
    [
        (HEADS, 'heads = [["unsafe"]]', "description of an encoder"),
        (HEADS, 'heads = ["safety"]', "heads: expected some of unsafe, action"),
        ("[encoder.temperature]", "temperature = 2.0", "description of an encoder"),
        ("[encoder.temperature]", '[encoder.temperature]\nunsafe = "hot"', "temperature: expected a number above 0"),
        ("max_tokens = 48", "max_tokens = 97", "max_tokens: expected at most 96, got 97"),
        ("max_tokens = 48", "max_tokens = 15", "max_tokens: expected a whole number from 16"),
        (LANGUAGES, 'languages = "en"', "languages: expected a list of strings"),
        ('title = "tiny"', "notices = 3", "notices: expected a list of strings"),
        ("[files]", '[files]\n"../other" = "00"', r"\.\./other: missing"),
    ],
)
def test_a_card_that_was_edited_wrongly_is_one_line(tmp_path: Path, there: str, edited: str, message: str) -> None:
    card = make_encoder(tmp_path / "made") / "card.toml"
    (tmp_path / "other").touch()
    text = card.read_text(encoding="utf-8")
    assert there in text
    card.write_text(text.replace(there, edited), encoding="utf-8")
    with pytest.raises(CardError, match=message) as raised:
        load(card.parent)
    assert "\n" not in str(raised.value)


def test_a_card_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(CardError, match="not TOML"):
        load(tmp_path)
    with pytest.raises(CardError, match="is not UTF-8: invalid start byte at byte 9"):
        load_card(f"encoder@hf/{tmp_path}")


def test_a_folder_without_a_card_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"found no card\.toml"):
        load(tmp_path)


def test_the_card_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_encoder(tmp_path)
    replaced: list[str] = []
    real = os.replace

    def noted(source: Path, target: Path) -> None:
        replaced.append(target.name)
        real(source, target)

    monkeypatch.setattr(os, "replace", noted)
    make_encoder(made)
    assert replaced[-1] == "card.toml"
    assert not list(tmp_path.glob(".part-*"))


def test_a_save_that_fails_leaves_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_encoder(tmp_path)

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        make_encoder(made)
    with pytest.raises(UsageError):
        load(made)


def test_the_judges_card_is_the_folders(tmp_path: Path) -> None:
    made = make_encoder(tmp_path / "an encoder")
    assert load_card(f"encoder@hf/{made}".replace(" ", "%20")).data["encoder"]["base"] == "tiny"
    assert "encoder" not in load_card("encoder@hf/elsewhere").data


def test_a_base_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"config\.json, found none"):
        load_base(str(tmp_path))


def test_a_base_with_pickled_weights_is_refused(tmp_path: Path) -> None:
    from tests.judges.encoder.tiny import make_config, transformers

    transformers.BertModel(make_config()).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    base, _ = load_base(str(tmp_path))
    torch.save(base.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="weights as safetensors"):
        load_base(str(tmp_path))


@pytest.mark.parametrize(
    ("file", "content"),
    [("model.safetensors", b"torn"), ("config.json", b'{"model_type": "bert", "hidden_size": "wide"}')],
)
def test_a_damaged_base_is_one_line(tmp_path: Path, file: str, content: bytes) -> None:
    from tests.judges.encoder.tiny import make_config, transformers

    transformers.BertModel(make_config()).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UsageError, match="expected an encoder in a folder") as raised:
        load_base(str(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 512),
        ({"model_type": "longformer", "max_position_embeddings": 4098, "pad_token_id": 1}, 4096),
        ({"model_type": "t5"}, None),
    ],
)
def test_how_long_an_input_may_be(config: dict[str, Any], longest: int | None) -> None:
    assert longest_input(SimpleNamespace(**config)) == longest


def test_what_is_saved_can_be_read_by_whom_the_rest_can(tmp_path: Path) -> None:
    made = make_encoder(tmp_path)
    modes = {file.stat().st_mode for file in made.iterdir()}
    assert len(modes) == 1


def test_a_base_whose_weights_are_not_there_is_refused(tmp_path: Path) -> None:
    made = make_encoder(tmp_path)  # a whole judge is no base: its weights have names of its own
    with pytest.raises(UsageError, match=r"its files lack \d+ of the network's weights, such as embeddings"):
        load_base(str(made))


def test_a_base_may_lack_the_layer_that_is_taken_off(tmp_path: Path) -> None:
    from tests.judges.encoder.tiny import make_config, transformers

    transformers.BertForMaskedLM(make_config()).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    assert load_base(str(tmp_path))[0].config.model_type == "bert"


def test_what_a_kill_left_behind_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".part-killed").mkdir()
    (tmp_path / ".part-killed" / "model.safetensors").touch()
    (tmp_path / "mine.txt").touch()
    make_encoder(tmp_path)
    assert not list(tmp_path.glob(".part-*"))
    assert (tmp_path / "mine.txt").exists()


def test_hashes_that_are_none_are_refused(tmp_path: Path) -> None:
    made = make_encoder(tmp_path, trained=np.array([5], dtype=np.uint64))
    before = sha256(made / "trained.npy")
    np.save(made / "trained.npy", np.array([[0.5]]))
    card = (made / "card.toml").read_text(encoding="utf-8")
    (made / "card.toml").write_text(card.replace(before, sha256(made / "trained.npy")), encoding="utf-8")
    with pytest.raises(CardError, match="expected an array of hashes, found float64"):
        load(made)
