"""Conversations as tokens, and which of them are trained: what the assistant says and the token that ends its turn.

The mask is read off the chat template itself, whichever it is: what it writes for the turns up to an answer is what the
model will be given, what follows up to the end of the turn is what it has to write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.records import Message

TEMPLATES = Path(__file__).parent / "templates"
UNTRAINED = -100
"""The label of a token that has no part in the loss."""


class Encoded(NamedTuple):
    """A conversation as tokens; ``labels`` are the same numbers where they are trained, else ``UNTRAINED``."""

    input_ids: list[int]
    labels: list[int]

    @property
    def trained(self) -> int:
        """How many tokens are trained."""
        return sum(label != UNTRAINED for label in self.labels)


def template_names() -> tuple[str, ...]:
    """Return the names of hantei's own chat templates."""
    return tuple(sorted(path.stem for path in TEMPLATES.glob("*.jinja")))


def give_template(tokenizer: Any, name: str | None) -> None:
    """Give a tokenizer that has no chat template one of hantei's, and a token to pad with.

    Raises:
        UsageError: it has none and none is named, it has one and another is named, or the template's tokens are not
            in the vocabulary.
    """
    if name is None and tokenizer.chat_template is None:
        known = ", ".join(template_names())
        raise UsageError(
            f"the base's tokenizer has no chat template: name one under [model], template = one of {known}"
        )
    if name is not None:
        if name not in template_names():
            known = ", ".join(template_names())
            hint = did_you_mean(name, template_names())
            raise UsageError(f"model.template: expected one of {known}, got '{name[:80]}'{hint}")
        text = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8").removesuffix("\n")
        if tokenizer.chat_template not in (None, text):
            raise UsageError(f"model.template: the base's tokenizer has a chat template of its own; leave out '{name}'")
        tokenizer.chat_template = text
    _check_tokens(tokenizer)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token


def _check_tokens(tokenizer: Any) -> None:
    vocabulary = tokenizer.get_vocab()
    if tokenizer.eos_token is None or tokenizer.eos_token not in vocabulary:
        raise UsageError("the base's tokenizer has no end-of-sequence token, so that no answer could end")
    if "<|im_start|>" in tokenizer.chat_template and "<|im_start|>" not in vocabulary:
        raise UsageError(
            "the chat template writes <|im_start|>, which the base's vocabulary does not have: take another template"
        )


class ChatEncoder:
    """Makes tokens of conversations with one tokenizer; ``ends`` are the tokens at which generation stops."""

    def __init__(self, tokenizer: Any, ends: Sequence[int] = ()) -> None:
        self.tokenizer = tokenizer
        self.ends = frozenset((*ends, tokenizer.eos_token_id))
        self._special = _special_tokens(tokenizer)

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """Return a conversation's tokens; every turn of the assistant is trained.

        Raises:
            UsageError: the template takes no such conversation, or writes no token that ends the turn.
        """
        whole = self.render(messages)
        spans = [self._span(messages, turn, whole) for turn, one in enumerate(messages) if one.role == "assistant"]
        encoding = self.tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
        ids, offsets = list(encoding["input_ids"]), encoding["offset_mapping"]
        labels = [UNTRAINED] * len(ids)
        for start, end in spans:
            inside = [at for at, (first, last) in enumerate(offsets) if start <= first and last <= end]
            for at in self._up_to_end(ids, inside):
                labels[at] = ids[at]
        return Encoded(ids, labels)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Return what the model is given before it answers, as in ``hf/PATH``."""
        return list(self.tokenizer(self.render(messages, ask=True), add_special_tokens=False)["input_ids"])

    def render(self, messages: Sequence[Message], ask: bool = False) -> str:
        """Return the text that the template makes of a conversation, with the beginning of an answer where asked.

        A special token that stands in what somebody says is broken up by a space, as text ends no turn.

        Raises:
            UsageError: the template takes no such conversation.
        """
        turns = [{"role": one.role, "content": self._special.sub(_broken, one.content)} for one in messages]
        try:
            text: str = self.tokenizer.apply_chat_template(turns, add_generation_prompt=ask, tokenize=False)
        except Exception as error:  # templates raise what they like
            raise UsageError(f"the chat template takes no such conversation: {' '.join(str(error).split())}") from None
        return text

    def _span(self, messages: Sequence[Message], turn: int, whole: str) -> tuple[int, int]:
        """Return from where to where in the whole text one answer stands, what ends the turn included.

        Raises:
            UsageError: the template rewrites it when later turns follow.
        """
        before, after = self.render(messages[:turn], ask=True), self.render(messages[: turn + 1])
        if turn + 1 == len(messages):
            after = whole
        if not whole.startswith(after) or not after.startswith(before):
            raise UsageError(
                "the chat template writes earlier turns anew when later ones follow, so what is trained cannot be "
                "told: keep the last answer of each conversation only, or take another template"
            )
        return len(before), len(after)

    def _up_to_end(self, ids: list[int], inside: list[int]) -> list[int]:
        """Return the places of an answer's tokens up to the one that ends the turn; what follows it is the template's.

        Raises:
            UsageError: there is none.
        """
        last = max((at for at in inside if ids[at] in self.ends), default=None)
        if last is None:
            ends = self.tokenizer.convert_ids_to_tokens(sorted(self.ends))
            raise UsageError(
                f"no token that ends the turn is trained: the chat template writes none of {ends} after an answer, "
                "and the model would not stop"
            )
        return [at for at in inside if at <= last]


def _special_tokens(tokenizer: Any) -> re.Pattern[str]:
    added = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    names = sorted({*tokenizer.all_special_tokens, *added}, key=len, reverse=True)
    return re.compile("|".join(re.escape(name) for name in names if len(name) > 1))


def _broken(token: re.Match[str]) -> str:
    return f"{token[0][0]} {token[0][1:]}"


def shown(tokenizer: Any, encoded: Encoded) -> str:
    """Return an example as text, decoded from its tokens; what is trained stands between ``[[`` and ``]]``."""
    parts: list[str] = []
    run: list[int] = []
    trained = False
    for token, label in zip((*encoded.input_ids, None), (*encoded.labels, None), strict=True):
        now = label is not None and label != UNTRAINED
        if token is None or now != trained:
            text = tokenizer.decode(run)
            parts.append(f"[[{text}]]" if trained else text)
            run, trained = [], now
        if token is not None:
            run.append(token)
    return "".join(parts)
