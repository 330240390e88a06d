"""Ray: the cluster that work is done on, where it is asked for."""

from __future__ import annotations

import logging
import os
from typing import Any

from hantei.errors import UsageError
from hantei.extras import install

_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0 before Ray is imported, Ray's servers listen on loopback alone, whatever the system is; without it they
listen on every interface, and who reaches them runs code here."""


def ray_cluster() -> Any:
    """Return the module ``ray``, connected: to the cluster of ``RAY_ADDRESS``, else to one that starts on this machine.

    Raises:
        UsageError: Ray is not installed, or would listen to other machines.
    """
    address = os.environ.get("RAY_ADDRESS")
    if not address:
        os.environ.setdefault(_LOOPBACK, "0")
    try:
        import ray
    except ImportError:
        raise UsageError(f"--on ray needs Ray: {install('ray')}") from None
    if not ray.is_initialized():
        os.environ.setdefault("RAY_agent_register_timeout_ms", "30000")  # a busy machine takes longer than Ray waits
        here: dict[str, Any] = {} if address else {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
        cluster: Any = ray
        if not address and cluster.nodes()[0]["NodeManagerAddress"] != "127.0.0.1":
            ray.shutdown()
            raise UsageError(
                f"--on ray: Ray was imported before and listens to others: set {_LOOPBACK}=0 before, or ray.init() it"
            )
    return ray
