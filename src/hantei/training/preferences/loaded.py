"""A judge's folder, loaded: it writes replies, and tells how likely a verdict is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hantei.errors import RunError, UsageError
from hantei.models.base import CallError, Request
from hantei.models.extras import needed
from hantei.models.hf_batch import Generation, LoadedWeights
from hantei.records import Message
from hantei.training.chat_turns import as_dicts, turns_for
from hantei.training.preferences.setting import Dialogue, JudgeForm

BATCH = 64
"""Dialogues that a judge writes of together."""


class LoadedJudge:
    """Weights and tokenizer of one folder, on the GPU where there is one."""

    def __init__(self, folder: Path) -> None:
        """Load it.

        Raises:
            UsageError: nothing is there that transformers loads, or its tokenizer has no chat template.
        """
        torch, transformers = needed("torch", "tune"), needed("transformers", "tune")
        transformers.utils.logging.disable_progress_bar()
        self.folder, self._torch = folder, torch
        try:
            self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
            self.model: Any = transformers.AutoModelForCausalLM.from_pretrained(str(folder), dtype="auto")
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder}: expected a model that transformers loads: {str(error)[:200]}") from None
        if self.tokenizer.chat_template is None:
            raise UsageError(f"{folder}: its tokenizer has no chat template; a judge is asked through one")
        self.model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self._weights = LoadedWeights(str(folder), self.tokenizer, self.model)

    def write(self, requests: Sequence[Request]) -> list[Generation | CallError]:
        """Return what the judge writes, request by request; one that cannot be answered gets its failure."""
        return self._weights.answer(requests, threading.Event())

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """Return a conversation as its chat template renders it, up to where the judge begins."""
        turns = as_dicts(turns_for(self.tokenizer, messages))
        text: str = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return text

    def p_unsafe(self, dialogues: Sequence[Dialogue], form: JudgeForm) -> list[float]:
        """Return the probability that each dialogue gets the verdict unsafe, of the two that there are.

        It is taken from the beginnings of the two replies: no reply is written for it.
        """
        found: list[float] = []
        for start in range(0, len(dialogues), BATCH):
            batch = dialogues[start : start + BATCH]
            unsafe, safe = (
                self._log_probabilities([self.beginning(one, form, verdict) for one in batch])
                for verdict in (True, False)
            )
            found += self._torch.sigmoid(unsafe - safe).tolist()
        return found

    def beginning(self, dialogue: Dialogue, form: JudgeForm, unsafe: bool) -> tuple[list[int], int]:
        """Return the tokens of question and verdict, and how many of them are the question's."""
        prompt = self.prompt_text(form.messages(dialogue))
        whole = prompt + form.completion(dialogue, unsafe, "").rstrip()
        asked, both = (self.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, whole))
        return both, len(asked)

    def _log_probabilities(self, rows: Sequence[tuple[list[int], int]]) -> Any:
        """Return the log-probability (rows,) of what follows the question in each row."""
        logits, ids = self.logits([ids for ids, _ in rows])
        logs = logits[:, :-1].float().log_softmax(-1).gather(-1, ids[:, 1:, None]).squeeze(-1)
        place = self._torch.arange(1, ids.shape[1], device=ids.device)[None, :]
        starts = self._torch.tensor([start for _, start in rows], device=ids.device)[:, None]
        ends = self._torch.tensor([len(row) for row, _ in rows], device=ids.device)[:, None]
        return (logs * ((place >= starts) & (place < ends))).sum(1)

    def logits(self, rows: Sequence[list[int]]) -> tuple[Any, Any]:
        """Return the logits (rows, width, vocabulary) of token ids padded on the right, and these ids (rows, width)."""
        width = max(map(len, rows))
        device, torch = self.model.device, self._torch
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=device)
        with torch.inference_mode():
            return self.model(input_ids=ids, attention_mask=mask).logits, ids


def check_changed(before: Path, after: Path, dialogues: Sequence[Dialogue], form: JudgeForm) -> None:
    """Load both judges afresh and look whether training changed the weights that are on the disk, and what they say.

    A copy in memory of a model that was trained was seen to answer as it did before.

    Args:
        before: the folder of the judge that training began with.
        after: the folder of what came of it.
        dialogues: of which both are asked.
        form: how they are asked.

    Raises:
        RunError: it changed nothing.
    """
    old, new = LoadedJudge(before), LoadedJudge(after)
    states = (one.model.state_dict() for one in (old, new))
    if all(bool((was == now).all()) for was, now in zip(*(state.values() for state in states), strict=True)):
        raise RunError(f"{after}: has the weights of {before}: training changed nothing")
    rows = [old.beginning(one, form, one.unsafe)[0] for one in dialogues[:BATCH]]
    if bool((old.logits(rows)[0] == new.logits(rows)[0]).all()):
        raise RunError(f"{after}: has other weights than {before}, and answers {len(rows)} dialogues in the same way")
