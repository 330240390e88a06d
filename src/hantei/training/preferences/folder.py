"""The folder of preference rounds: where its judges are, what they wrote, and what they are worth, kept in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hantei.errors import RunError
from hantei.files import write_atomic
from hantei.training.preferences.loaded import LoadedJudge
from hantei.training.preferences.measuring import Measured, check, f1s, measure
from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.setting import Dialogue, Setting
from hantei.training.preferences.state import PoolJudge
from hantei.training.preferences.writing import Written, write_critiques


@dataclass(frozen=True, slots=True)
class RoundsFolder:
    """The rounds of one folder: what they are run on, where, and how."""

    setting: Setting
    out: Path
    options: RoundOptions

    def place(self, judge: PoolJudge) -> Path:
        """Return the folder of a judge."""
        return self.out / judge.folder if judge.round else self.setting.judges[int(judge.name[1:]) - 1]

    def measured(self, judge: PoolJudge) -> Measured:
        """Return what a judge is worth on validation, from its file where it was measured before.

        Raises:
            RunError: the file is damaged.
        """
        file = self.out / "measured" / f"{judge.name}.json"
        if file.is_file():
            try:
                return msgspec.json.decode(file.read_bytes(), type=Measured)
            except msgspec.DecodeError as error:
                raise RunError(f"{file}: it is damaged: {error}; delete it to measure {judge.name} again") from None
        dialogues = self.setting.validation
        written = self.written(judge, dialogues, "validation")
        p_unsafe = LoadedJudge(self.place(judge)).p_unsafe(dialogues, self.setting.form)
        found = measure(judge.name, dialogues, written, self.setting.checker, p_unsafe)
        write_atomic(file, [msgspec.json.encode(found)])
        return found

    def written(self, judge: PoolJudge, dialogues: Sequence[Dialogue], what: str, samples: int = 1) -> list[Written]:
        """Return what a judge writes of dialogues, from its file where it was written before.

        Args:
            judge: who writes.
            dialogues: of what.
            what: names the file.
            samples: replies of each dialogue.
        """
        file = self.out / "written" / f"{judge.name}.{what}.jsonl"
        return write_critiques(self.place(judge), dialogues, self.setting.form, self.options, file, samples)

    def f1s(self, judge: str, dialogues: Sequence[Dialogue], written: Sequence[Written]) -> list[float | None]:
        """Return the F1 of critiques, None where it is not known."""
        return f1s(check(judge, dialogues, written, self.setting.checker))
