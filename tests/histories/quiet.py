"""A log that is not kept."""

from __future__ import annotations

import logging

QUIET = logging.getLogger("histories")
QUIET.disabled = True
