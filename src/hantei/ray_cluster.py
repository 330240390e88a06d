"""Ray: the cluster that work is done on, where it is asked for."""

from __future__ import annotations

import logging
import os
from typing import Any

from hantei.errors import UsageError
from hantei.extras import install


def ray_cluster() -> Any:
    """Return the module ``ray``, connected: to the cluster of ``RAY_ADDRESS``, else to one that starts on this machine.

    Raises:
        UsageError: Ray is not installed.
    """
    try:
        import ray
    except ImportError:
        raise UsageError(f"--on ray needs Ray: {install('ray')}") from None
    if not ray.is_initialized():
        os.environ.setdefault("RAY_agent_register_timeout_ms", "30000")  # a busy machine takes longer than Ray waits
        address = os.environ.get("RAY_ADDRESS")
        # Its own servers listen on loopback alone.
        here: dict[str, Any] = {} if address else {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **here)
    return ray
