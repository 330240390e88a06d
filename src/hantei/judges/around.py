"""What every judge around another judge hands on: the models that it asks, its profile, what it asks about a pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hantei.judges.base import Judge
from hantei.records import Prompt, Response

if TYPE_CHECKING:
    from hantei.judges.profile import Profile
    from hantei.models.base import Model, Request


class JudgeAround:
    """A judge around ``inner``."""

    __slots__ = ()

    inner: Judge

    @property
    def models(self) -> Sequence[Model]:
        """The models that the judge asks."""
        return self.inner.models

    @property
    def profile(self) -> Profile | None:
        """What the judge's training answers look like, None where it does not know."""
        return getattr(self.inner, "profile", None)

    def requests(self, prompt: Prompt, response: Response) -> Sequence[tuple[Model, Request]]:
        """Return what the judge asks about a pair."""
        return self.inner.requests(prompt, response)
