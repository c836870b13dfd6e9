"""The queues by skill, as `asterisk_conf` configures them.

"common" is everybody's queue (app_queue keeps the name "general" for its own settings).
"""

from __future__ import annotations

DEFAULT_QUEUE = "common"
QUEUES = (DEFAULT_QUEUE, "enterprise", "dialect", "foreign", "liaison110")
