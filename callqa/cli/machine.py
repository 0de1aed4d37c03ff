"""Commands about the machine: models list|pull|verify, doctor."""

from __future__ import annotations
