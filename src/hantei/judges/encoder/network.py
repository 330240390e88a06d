"""An encoder with linear heads on its pooled last layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from hantei.judges.encoder.heads import width

_DROPOUT = 0.1


class EncoderNetwork(torch.nn.Module):
    """A base encoder of transformers, pooling over its last hidden states, dropout, and one linear layer for all heads.

    Args:
        base: what ``AutoModel`` loads; its own pooling layer, if it has one, is taken off.
        heads: names from ``HEADS``, in the order of the output.
        pooling: ``first``, the state of the first token, or ``mean``, the mean state of all tokens but padding.
    """

    def __init__(self, base: Any, heads: Sequence[str], pooling: str) -> None:
        super().__init__()
        if getattr(base, "pooler", None) is not None:
            base.pooler = None  # nothing here uses it, and weights without a gradient stop training on several GPUs
        self.base = base
        self.heads = tuple(heads)
        self.pooling = pooling
        self.dropout = torch.nn.Dropout(_DROPOUT)
        self.classes = torch.nn.Linear(base.config.hidden_size, width(heads))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the logits (batch, classes of all heads) of tokens (batch, tokens)."""
        more: dict[str, torch.Tensor] = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        if self.base.config.model_type == "longformer":
            more["global_attention_mask"] = _first_only(attention_mask)
        states = self.base(input_ids=input_ids, attention_mask=attention_mask, **more).last_hidden_state
        return self.classes(self.dropout(self._pooled(states, attention_mask)))

    def _pooled(self, states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        if self.pooling == "first":
            return states[:, 0]
        kept = attention_mask.unsqueeze(-1).to(states.dtype)
        return (states * kept).sum(dim=1) / kept.sum(dim=1)


class PlainNetwork(torch.nn.Module):
    """A sequence classifier of transformers, what ``AutoModelForSequenceClassification`` loads, as one of hantei's."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the logits (batch, labels) of tokens (batch, tokens)."""
        more = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask, **more).logits
        return logits


def _first_only(attention_mask: torch.Tensor) -> torch.Tensor:
    """Return Longformer's global attention: the first token sees all, as its authors do for classification."""
    mask = torch.zeros_like(attention_mask)
    mask[:, 0] = 1
    return mask
