"""A recording put inside a page."""

from __future__ import annotations

import base64
from pathlib import Path

TYPES = {
    ".wav": "audio/wav",
    ".wave": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".webm": "audio/webm",
}


def audio_uri(path: Path) -> str:
    """The file as a ``data:`` URI."""
    # a fixed table: the machine's mime types differ from one system to the next
    kind = TYPES.get(path.suffix.lower(), "audio/mpeg")
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
