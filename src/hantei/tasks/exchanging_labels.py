"""People's labels of a run, out into files and in from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from hantei.annotation.label import said_by
from hantei.annotation.label_files import Shown, kind_of, read, written
from hantei.annotation.label_studio import CONFIG
from hantei.annotation.store import LabelJournal, held
from hantei.errors import UsageError
from hantei.files import AnyPath, write_atomic
from hantei.record_lines import read_records, to_line
from hantei.records import Judgment
from hantei.runs.folder import Run, load_run
from hantei.runs.info import now
from hantei.runs.label_lines import Label
from hantei.runs.people import is_informed


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What was read: labels that are new, that were there word for word, and that are of no answer of the run."""

    new: int
    there: int
    lost: int
    people: tuple[str, ...]


def export_labels(path: AnyPath, out: str | Path) -> int:
    """Write what people say of a run's answers to .jsonl, .csv or .json (Label Studio); return how many labels.

    Beside Label Studio's tasks (``.json``) stands the interface by which it asks the same (``.xml``).

    Raises:
        UsageError: no such run, a name of no kind of file, or nothing can be written there.
    """
    run, out = load_run(path), Path(out)
    kind = kind_of(out)
    run.refuse_own_records(out)
    labels: dict[str, list[Label]] = {}
    for judge in run.judges():
        if judge.startswith("human:") and not is_informed(judge):
            for label in _last_words(run, judge):
                labels.setdefault(label.response_id, []).append(label)
    try:
        write_atomic(out, written(kind, _answers(run), labels))
        if kind == ".json":
            write_atomic(out.with_suffix(".xml"), [CONFIG.encode()])
    except OSError as error:
        raise UsageError(f"--export {out}: cannot be written: {error.strerror or error}") from None
    return sum(map(len, labels.values()))


def _last_words(run: Run, judge: str) -> list[Label]:
    records: Iterator[Judgment] = read_records(run.judgments_path(judge), Label)
    last = {one.response_id: one for one in records if isinstance(one, Label)}
    return [one for one in last.values() if one.status == "ok"]


def _answers(run: Run) -> Iterator[Shown]:
    prompts = {prompt.id: prompt for prompt in run.prompts()}
    last = {response.id: response for response in run.responses()}
    yield from ((prompts[one.prompt_id], one) for one in last.values())


def import_labels(path: AnyPath, file: str | Path) -> BroughtIn:
    """Add the labels of such a file to those of a run, all or none and the reason; the same again adds nothing.

    Raises:
        UsageError: no such run or file, no label is of an answer of the run, or somebody said something else already.
        InputError: the file cannot be read.
        RunError: the labels are being given on the page.
    """
    run, file = load_run(path), Path(file)
    labels = read(file)
    wrong = next((one.judge for one in labels if not one.judge.startswith("human:")), None)
    if wrong is not None:
        raise UsageError(f"--import {file}: expected labels of people, human:NAME, found '{wrong[:60]}'")
    known = {response.id for response in run.responses()}
    mine = [_named(one) for one in labels if one.response_id in known]
    if not mine:
        raise UsageError(f"--import {file}: expected labels of this run's answers, found {len(labels):,} of others")
    with held(run.path / "labels"):
        return _added(run, file, mine, len(labels) - len(mine))


def _named(label: Label) -> Label:
    """Return a label with an id that it always has: what it says, of what, by whom."""
    text = to_line(replace(label, label_id="", created=None, latency_s=None, undoes=None))
    return replace(label, label_id=hashlib.sha256(text).hexdigest()[:32], undoes=None, created=label.created or now())


def _added(run: Run, file: Path, labels: list[Label], lost: int) -> BroughtIn:
    people = {judge: LabelJournal(judge, run.judgments_path(judge)) for judge in dict.fromkeys(x.judge for x in labels)}
    try:
        new: dict[tuple[str, str], Label] = {}
        for label in labels:
            there = new.get((label.judge, label.response_id)) or people[label.judge].current(label.response_id)
            if there is None:
                new[label.judge, label.response_id] = label
            elif said_by(there) != said_by(label):
                raise UsageError(
                    f"--import {file}: {label.judge} says something else of {label.response_id[:80]}, too; nothing was "
                    "added: take these rows out, or give the person another name"
                )
        for label in new.values():
            people[label.judge].put(label, None)
    finally:
        for one in people.values():
            one.journal.__exit__()
    return BroughtIn(len(new), len(labels) - len(new), lost, tuple(people))
