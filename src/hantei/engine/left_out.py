"""Models and judges that a run goes on without: those that do not work at all, or whose replies cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hantei.engine.asking import AskedModel
from hantei.engine.stopping import AGAIN, Stop
from hantei.errors import RunError
from hantei.judges.base import Judge


class LeavingOut:
    """What a run goes on without, and why; with the last of its models, or of its judges, the run stops."""

    def __init__(self, asked: Collection[AskedModel], judges: Mapping[int, Judge], stop: Stop) -> None:
        """Begin with nothing left out.

        Args:
            asked: the models that are asked; none where the answers are there.
            judges: the judges, by their number.
            stop: stops the run.
        """
        self._asked, self._judges, self._stop = asked, judges, stop
        self._given_up: dict[str, str] = {}
        self._paused: dict[int, str] = {}

    def give_up(self, model: str, why: str) -> None:
        """Leave out a model that does not work, by its name, and the judges that ask it."""
        self._given_up[model] = why
        if self._nobody_left():
            self._stop.stop(self._told(), RunError(self._told()), grace_s=0.0)

    def pause(self, judge: int, why: str) -> None:
        """Leave out a judge whose replies cannot be read, by its number."""
        self._paused[judge] = why
        if self._nobody_left():
            self.end()

    def end(self) -> None:
        """Learn that the run is done: where judges were paused, that is an error."""
        if self._paused:
            reason = "; ".join(self._paused.values())
            self._stop.stop(reason, RunError(reason))

    def is_asked(self, model: AskedModel) -> bool:
        """Whether a model is still asked."""
        return model.model.name not in self._given_up

    def why(self) -> str | None:
        """Return which models were given up while others went on, and why; None where none was."""
        return self._told() if self._given_up and self._stop.reason != self._told() else None

    def _nobody_left(self) -> bool:
        """Whether no model is asked any more, or no judge judges any more."""
        asked, judging = map(self.is_asked, self._asked), map(self._judges_on, self._judges)
        return (bool(self._asked) and not any(asked)) or (bool(self._judges) and not any(judging))

    def _judges_on(self, number: int) -> bool:
        models = self._judges[number].models
        return number not in self._paused and not any(model.name in self._given_up for model in models)

    def _told(self) -> str:
        return "; ".join(why.removesuffix(AGAIN) for why in self._given_up.values()) + AGAIN
