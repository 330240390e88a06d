"""The servers of a run's models: a gate for each, and a line before those that may take a call of the same model."""

from __future__ import annotations

from hantei.engine.gate import Gate, Line
from hantei.engine.stopping import Stop
from hantei.models.base import Model
from hantei.models.pool import ServerPool


class Servers:
    """Where calls of a run go; connections are counted for each server, whoever calls it."""

    def __init__(self, max_connections: int, stop: Stop) -> None:
        self._max_connections, self._stop = max_connections, stop
        self._gates: dict[str, Gate] = {}
        self._lines: dict[tuple[str, str], Line] = {}
        self._members: dict[Line, tuple[str, ...]] = {}

    def line(self, model: Model) -> Line:
        """Return where calls of a model wait; of a pool, for the servers that it has now."""
        line = self._lines.get((model.server, model.name))
        servers = model.servers() if isinstance(model, ServerPool) else (model.server,)
        if line is None:
            line = self._lines[model.server, model.name] = Line([])
            self._stop.watch(line)
        if self._members.get(line) != servers:
            self._members[line] = servers
            line.at([self._gate(server) for server in servers])
        return line

    def _gate(self, server: str) -> Gate:
        if server not in self._gates:
            self._gates[server] = Gate(self._max_connections, server)
        return self._gates[server]
