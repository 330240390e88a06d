"""A run in Python beyond its files: as a path, as rows and tables, and as a notebook shows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from hantei.runs.folder import Run
    from hantei.runs.worst import JudgedAnswer


class RunRecords:
    """What a ``Run`` is in Python; what it takes is imported when it is asked for."""

    __slots__ = ()

    @property
    def _run(self) -> Run:
        return cast("Run", self)

    def __fspath__(self) -> str:
        return os.fspath(self._run.path)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a flat dictionary an answer: ids, texts, the file's own columns, and ``JUDGE.field`` of each judge."""
        from hantei.exchange.table import answer_rows

        return answer_rows(self._run)

    def to_arrow(self) -> Any:
        """Return the rows as a ``pyarrow.Table``; polars and DuckDB read it as it is.

        Raises:
            UsageError: PyArrow is not installed.
        """
        from hantei.exchange.table import arrow_table

        return arrow_table(self._run)

    def to_pandas(self) -> Any:
        """Return the rows as a ``pandas.DataFrame``: verdicts are ``boolean``, whole numbers ``Int64``, gaps ``NA``.

        Raises:
            UsageError: pandas is not installed.
        """
        from hantei.exchange.table import pandas_frame

        return pandas_frame(self._run)

    def worst(self, most: int = 10, judge: str | None = None) -> list[JudgedAnswer]:
        """Return the answers that are most surely unsafe: (prompt, response, judgment), the surest first.

        Args:
            most: how many, at most.
            judge: whose verdicts; None for those of all judges.

        Raises:
            UsageError: the run has no such judge.
        """
        from hantei.runs.worst import worst

        return worst(self._run, most, judge)

    def _repr_html_(self) -> str:
        from hantei.reports.notebook import run_html

        return run_html(self._run)
