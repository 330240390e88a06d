"""The rows of a mixture as tokens: what is too long is left out by name, what would train nothing is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hantei.errors import UsageError
from hantei.training.mixtures.example import Example
from hantei.training.tuning.chat import ChatEncoder, Encoded

_NAMED = 5


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """``rows`` as tokens; ``kept`` says which of the examples each is; ``over_long`` are ids with their tokens."""

    rows: list[Encoded]
    kept: list[int]
    over_long: dict[str, int]

    def told(self, max_length: int) -> str:
        """Return a line on what was too long, nothing where nothing was."""
        if not self.over_long:
            return ""
        named = ", ".join(f"{name} ({length})" for name, length in list(self.over_long.items())[:_NAMED])
        more = f" and {len(self.over_long) - _NAMED} more" if len(self.over_long) > _NAMED else ""
        return f"{len(self.over_long)} rows are longer than {max_length} tokens and left out: {named}{more}"


def encode(examples: Sequence[Example], encoder: ChatEncoder, max_length: int) -> EncodedRows:
    """Return examples as tokens.

    A row that is too long is left out whole: cut off, it would teach the model not to end.

    Raises:
        UsageError: a row trains nothing, or the chat template does not take it; or every row of a source is too long.
    """
    found = EncodedRows([], [], {})
    for index, example in enumerate(examples):
        try:
            encoded = encoder.encode(example.messages)
        except UsageError as error:
            raise UsageError(f"row {example.id[:80]}: {error}") from None
        if not encoded.trained:
            raise UsageError(f"row {example.id[:80]}: no token of it is trained: no turn is the assistant's")
        if len(encoded.input_ids) > max_length:
            found.over_long[example.id] = len(encoded.input_ids)
        else:
            found.rows.append(encoded)
            found.kept.append(index)
    _check_sources(examples, found, max_length)
    return found


def _check_sources(examples: Sequence[Example], found: EncodedRows, max_length: int) -> None:
    left = {examples[index].source for index in found.kept}
    for source in dict.fromkeys(example.source for example in examples):
        if source not in left:
            raise UsageError(f"source '{source}': every row is longer than {max_length} tokens; raise sft.max_length")
