"""Labels on the disk: each person's file is only ever appended to, and a label is confirmed once it is on the disk.

What a person said is the last word on each answer. Saying it again under the same id changes nothing; saying it over a
label that the page has not seen is refused; taking it back appends a line that says again what was said before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock

from msgspec.structs import replace

from hantei.annotation.guideline import Guideline
from hantei.errors import RunError
from hantei.files import write_atomic
from hantei.record_lines import records_at, to_line
from hantei.runs.folder import Run, file_name
from hantei.runs.info import now
from hantei.runs.journal import Journal
from hantei.runs.label_lines import CritiqueLabel, Label
from hantei.runs.lock import locked


class StaleError(Exception):
    """What a page wants to change has changed since it was shown; ``current`` is what it says now."""

    def __init__(self, current: Label | None) -> None:
        self.current = current
        super().__init__("the label has changed since")


class SaidLabels:
    """All that one person said, as it stands in that person's file."""

    def __init__(self, judge: str, path: Path, kind: type[Label] = Label) -> None:
        self.judge = judge
        self.path = path
        self._stacks: dict[str, list[Label]] = {}
        self._known: dict[str, Label] = {}
        self._order: list[Label] = []
        for offset, line in records_at(path, kind):
            if isinstance(line, Label):
                self._take(line if line.label_id else replace(line, label_id=f"line-{offset}"))

    def current(self, response_id: str) -> Label | None:
        """Return what is said of an answer, None where nothing is or where it was taken back."""
        stack = self._stacks.get(response_id)
        return stack[-1] if stack else None

    def labels(self) -> list[Label]:
        """Return the labels that count, skipped answers among them, in the order in which they were given."""
        return [label for label in self._order if self.current(label.response_id) is label]

    def last(self) -> Label | None:
        """Return the label that was given last and not taken back."""
        return self._order[-1] if self._order else None

    def knows(self, label_id: str) -> bool:
        """Whether a line of this id is there."""
        return label_id in self._known

    def _take(self, label: Label) -> None:
        self._known[label.label_id] = label
        stack = self._stacks.setdefault(label.response_id, [])
        if label.undoes is None:
            stack.append(label)
            self._order.append(label)
        elif (taken := self._known.get(label.undoes)) in stack:  # a file edited by hand may take it back twice
            stack.remove(taken)
            self._order.remove(taken)


class LabelJournal(SaidLabels):
    """The same, and the file that it is appended to."""

    def __init__(self, judge: str, path: Path, kind: type[Label] = Label) -> None:
        self.journal = Journal(path)
        super().__init__(judge, path, kind)

    def put(self, label: Label, based_on: str | None) -> Label:
        """Append a label; return it, or the one of the same id that is there already.

        Raises:
            StaleError: what is said of the answer now is not the label ``based_on``.
            OSError: it could not be written; nothing of it is there.
        """
        if label.label_id in self._known:
            return self._known[label.label_id]
        current = self.current(label.response_id)
        if (current.label_id if current else None) != based_on:
            raise StaleError(current)
        self._append(label)
        return label

    def undo(self, label_id: str, of: str) -> Label:
        """Append a line that takes the label ``of`` back; return that line, the same one for the same id.

        Raises:
            StaleError: the label is not the last word on its answer any more.
            OSError: it could not be written; nothing of it is there.
        """
        if label_id in self._known:
            return self._known[label_id]
        taken = self._known.get(of)
        current = self.current(taken.response_id) if taken else None
        if taken is None or current is not taken:
            raise StaleError(current)
        before = self._stacks[taken.response_id][:-1]
        line = replace(before[-1], created=now()) if before else _nothing_said(taken)
        line = replace(line, label_id=label_id, undoes=of)
        self._append(line)
        return line

    def _append(self, label: Label) -> None:
        self.journal.append_synced([to_line(label)])
        self._take(label)


def _nothing_said(taken: Label) -> Label:
    """Return a label that says nothing of the answer of another one."""
    return type(taken)(
        response_id=taken.response_id,
        judge=taken.judge,
        status="abstained",
        reason="taken back",
        card_hash=taken.card_hash,
        guideline=taken.guideline,
        sampling_p=taken.sampling_p,
        created=now(),
    )


class Store:
    """The labels of several people in one run folder. Hold ``lock`` over what must happen together."""

    def __init__(self, people: dict[str, LabelJournal]) -> None:
        self.people = people
        self.lock = RLock()


@contextmanager
def opened(run: Run, judges: Sequence[str], guideline: Guideline, critic: str | None = None) -> Iterator[Store]:
    """Open the labels of these judges (``human:NAME``) for writing; one process at a time holds them.

    The lock is that of the labels: the run can be judged and reported meanwhile.

    Args:
        run: the run folder.
        judges: whose labels.
        guideline: by which they are given.
        critic: of whose critiques they are, which then lie in a folder of their own; None for labels of answers.

    Raises:
        RunError: another process holds the labels, or some were given by another version of the guideline.
        OSError: nothing can be written there.
    """
    folder = run.path / "labels"
    run.check_there()
    with ExitStack() as stack:
        stack.enter_context(held(folder))
        write_atomic(folder / f"guideline-{guideline.name}-{guideline.hash[:8]}.toml", [guideline.as_card().encode()])
        people = {}
        for judge in judges:
            people[judge] = _journal(run, judge, critic)
            stack.enter_context(people[judge].journal)
            check_version(people[judge], guideline)
        sync_folder(folder)
        yield Store(people)


def _journal(run: Run, judge: str, critic: str | None) -> LabelJournal:
    if critic is None:
        return LabelJournal(judge, run.judgments_path(judge))
    name = file_name(f"{judge} on {critic}")
    return LabelJournal(judge, run.path / "labels" / "critiques" / f"{name}.jsonl", CritiqueLabel)


@contextmanager
def held(folder: Path, command: str = "hantei annotate") -> Iterator[None]:
    """Hold a folder of labels, which is made if it is not there; ``command`` is what serves it.

    Raises:
        RunError: another process holds it, or nothing may be written there.
    """
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder))
        except RunError as error:
            raise RunError(f"{folder}: another {command} serves this run; end it first ({error})") from None
        yield


def check_version(person: LabelJournal, guideline: Guideline) -> None:
    """Refuse to mix labels by two versions of a guideline in one file.

    Raises:
        RunError: the person's labels were given by another one.
    """
    other = next((label for label in person.labels() if label.card_hash not in (None, guideline.hash)), None)
    if other:
        raise RunError(
            f"{person.path}: holds labels by another version of the guideline {other.guideline} (card "
            f"{(other.card_hash or '')[:12]}, now {guideline.hash[:12]}): give the changed card another name"
        )


def sync_folder(folder: Path) -> None:
    """Have the names of new files on the disk, too; Windows opens no folder and needs none of this."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
