"""`hotline openapi`: the API of the desk, for whoever connects another system to it."""

from __future__ import annotations

import json
import sys


def openapi() -> None:
    """Print the API of the desk as an OpenAPI 3.1 document."""
    from agent_desk.app import api_document

    sys.stdout.write(json.dumps(api_document(), ensure_ascii=False, indent=2) + "\n")
