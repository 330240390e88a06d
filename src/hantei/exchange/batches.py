"""What batches of two providers have in common: a file of requests and a file of results, joined by ``custom_id``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hantei.errors import InputError, RowError
from hantei.exchange.disk_map import DiskMap
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import Recognises, first_object, rows_of
from hantei.exchange.shared import each_row, text_of
from hantei.inputs import Row

_NO_ID = "expected the id by which a request and its result belong together, found none"


class BatchFormat(NamedTuple):
    """One provider's batches: what its requests and its results look like, and what becomes of the two.

    ``model`` finds the model that a request or a result names, ``make`` yields what a result is, by file, row and
    request.
    """

    name: str
    is_request: Recognises
    is_result: Recognises
    model: Callable[[Mapping[str, Any]], Any]
    make: Callable[[Path, Row, Mapping[str, Any]], Iterable[Item]]

    def recognises(self, cells: Mapping[str, Any]) -> bool:
        """Whether a file is one of either."""
        return self.is_request(cells) or self.is_result(cells)

    def read(self, paths: Sequence[Path]) -> ImportSource:
        """Read the requests and the results that are among the files.

        Raises:
            InputError: one of the two is missing.
        """
        asked = [file for file in paths if self.is_request(first_object(file))]
        results = [file for file in paths if file not in asked]
        for found, there, missing in ((results, "requests", "results"), (asked, "results", "requests")):
            if not found:
                raise InputError(
                    f"{paths[0]}: holds the {there} of a batch, the {missing} are missing: give "
                    f"both files: hantei import REQUESTS.jsonl RESULTS.jsonl --from {self.name}"
                )
        source = ImportSource(())
        return ImportSource(self._items(asked, results, source.notes), notes=source.notes)

    def _items(
        self, asked: Sequence[Path], results: Sequence[Path], notes: dict[str, None]
    ) -> Iterator[Item | RowError]:
        with DiskMap() as requests:
            for path in asked:
                for row in rows_of(path, "requests"):
                    if isinstance(row, RowError):
                        yield row
                    elif row.cells.get("custom_id") is None:
                        yield RowError(str(path), row.number, "custom_id", _NO_ID)
                    else:
                        requests.put(str(row.cells["custom_id"]), row.cells)
            answered: set[str] = set()
            for path in results:
                yield from each_row(path, rows_of(path), partial(self._join, path, requests, answered))
            if left := len(set(requests) - answered):
                notes[f"requests without a result in these files, left out: {left:,}; some may be in a second file"] = (
                    None
                )

    def _join(self, path: Path, requests: DiskMap, answered: set[str], row: Row) -> Iterable[Item]:
        if row.cells.get("custom_id") is None:
            raise RowError(str(path), row.number, "custom_id", _NO_ID)
        key = str(row.cells["custom_id"])
        answered.add(key)
        return self.make(path, row, self._request(requests.get(key), key, row))

    def _request(self, requests: list[Mapping[str, Any]], key: str, row: Row) -> Mapping[str, Any]:
        """Return the request of a result; of several the one that asked the model that answered.

        Raises:
            ValueError: there is none, or it cannot be told which.
        """
        served = text_of(self.model(row.cells)) or ""
        if len(requests) > 1:
            requests = [one for one in requests if served.startswith(text_of(self.model(one)) or "?")]
        if len(requests) == 1:
            return requests[0]
        which = "no request has" if not requests else "several requests of one model have"
        raise ValueError(f"{which} the custom_id '{key[:80]}'; import each batch with its own requests")
