"""Records as JSON lines: reading them strictly, and writing them so that any tool can read them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hantei.errors import RecordError
from hantei.records import Judgment, Prompt, Rate, Response, Summary

_SCALE = re.compile(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)")
"""A scale that says its ends, as in ``1-5``."""

Record = TypeVar("Record", Prompt, Response, Judgment, Rate, Summary)


def to_dict(record: Prompt | Response | Judgment | Rate | Summary) -> dict[str, Any]:
    """Return a record as a plain dictionary; of others than rates and summaries not the defaults."""
    plain: dict[str, Any] = msgspec.to_builtins(record, enc_hook=_plain, str_keys=True)
    return plain


def _plain(value: Any) -> Any:
    """Return what is written of a value that JSON has no form for: NumPy's numbers and arrays as such, else as text."""
    return value.tolist() if type(value).__module__ == "numpy" and hasattr(value, "tolist") else str(value)


_encoder = msgspec.json.Encoder(enc_hook=_plain)


def to_line(record: Prompt | Response | Judgment | Rate) -> bytes:
    """Return a record as one line of JSON with its line end.

    Text stays readable UTF-8, but for characters on which other tools split lines, and for a line with a lone
    surrogate, which UTF-8 cannot hold: that is escaped. A number that is none (NaN) becomes null.
    """
    try:
        line = _encoder.encode(record)
    except UnicodeEncodeError:
        return json.dumps(to_dict(record), separators=(",", ":")).encode() + b"\n"
    if not line.isascii():
        for character, escaped in _LINE_ENDS:
            line = line.replace(character, escaped)
    return line + b"\n"


_LINE_ENDS = tuple((end.encode(), b"\\u%04x" % ord(end)) for end in ("\u2028", "\u2029", "\x85"))


def wrong_number(judgment: Judgment) -> str | None:
    """Return what is wrong with a judgment's numbers (NaN, infinity, a score off its scale), None where nothing is."""
    for name in ("score", "p_unsafe"):
        value = getattr(judgment, name)
        if value is not None and not isinstance(value, str) and not -math.inf < value < math.inf:
            return f"expected a number as its {name}, got {value}"
    ends = _SCALE.fullmatch(judgment.scale) if judgment.score is not None and isinstance(judgment.scale, str) else None
    if ends and judgment.score is not None and not float(ends[1]) <= judgment.score <= float(ends[2]):
        return f"score {judgment.score:g} is not on its scale {judgment.scale}"
    return None


def _sound(record: Record) -> Record:
    """Return a record; a judgment whose numbers are right.

    Raises:
        RecordError: they are not.
    """
    if isinstance(record, Judgment) and (problem := wrong_number(record)):
        raise RecordError(problem)
    return record


def from_dict(kind: type[Record], data: Mapping[str, Any]) -> Record:
    """Build a record of ``kind`` from a dictionary as ``to_dict`` made it.

    Raises:
        RecordError: a required field is missing, or a value is none that its field can have.
    """
    try:
        return _sound(msgspec.convert(data, kind))
    except (msgspec.ValidationError, RecursionError) as error:
        raise RecordError(f"not a {kind.__name__} record: {error}") from None


def from_line(kind: type[Record], line: bytes) -> Record:
    """Build a record of ``kind`` from one line of JSON as ``to_line`` made it.

    Raises:
        RecordError: it is not JSON, a required field is missing, or a value is none that its field can have.
    """
    try:
        record: Record = _decoder(kind).decode(line)
        return _sound(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # perhaps only a lone surrogate or a NaN, which the fast reader refuses
    try:
        return from_dict(kind, json.loads(line))
    except (ValueError, RecursionError) as error:
        raise RecordError(f"not a {kind.__name__} record: {error}") from None


@cache
def _decoder(kind: type[Record]) -> msgspec.json.Decoder[Record]:
    return msgspec.json.Decoder(kind)


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (offset in bytes, line) for every whole line of a file; nothing if the file does not exist.

    A last line without a line end was torn by a kill and is left out, as the run folder's rules say.
    """
    if not path.exists():
        return
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield offset, line
            offset += len(line)


def records_at(path: Path, kind: type[Record]) -> Iterator[tuple[int, Record]]:
    """Yield (offset, record) for every whole line of a JSON-lines file, one by one.

    Raises:
        RecordError: a line is not a record of this kind; the message names the file and the line.
    """
    for number, (offset, line) in enumerate(lines(path), 1):
        try:
            yield offset, from_line(kind, line)
        except RecordError as error:
            raise RecordError(f"{path}, line {number}: expected a {kind.__name__} record: {error}") from None


def read_records(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Yield the records of a JSON-lines file; see ``records_at``."""
    return (record for _, record in records_at(path, kind))
