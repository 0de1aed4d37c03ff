"""What each reason for setting a recording aside means, what a person does about it, and whether time alone may help.

docs/runbook.md says the same at more length; a test holds the codes of callqa, of this table and of the page together.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """``means`` and ``cure`` are a clause each, short enough for one line of a mail. ``passes``: it may by itself."""

    means: str
    cure: str
    passes: bool = False


UNKNOWN = Advice("a reason this page does not know", "read its line in `callqa status --failed`")
ADVICE = {
    # the file
    "empty": Advice("nothing in the file", "copy the recording again"),
    "truncated": Advice("shorter than its header says", "copy it again; was it still being written?"),
    "not_audio": Advice("no sound format callqa reads", "listen to it; export it as wav or mp3"),
    "text": Advice("text under a recording's name", "find the real recording; often an error page"),
    "no_sound_track": Advice("a container without sound", "export it with its sound"),
    "silent": Advice("digital silence on every channel", "check the recorder's line"),
    "too_short": Advice("under intake.min_seconds", "nothing: a click, or lower the limit"),
    "too_long": Advice("over intake.max_hours", "raise the limit if it is a call"),
    "unreadable": Advice("cannot be opened or read", "check rights, the share and the disk", passes=True),
    "vanished": Advice("gone before it was read", "does something move files at night?", passes=True),
    "growing": Advice("changed while it was read", "let the batch start later, or use the watch", passes=True),
    # finished transcripts
    "not_json": Advice("a transcript that is no JSON", "export it again, one document a file"),
    "labels": Advice("labels of a recording, no call", "move it out; `callqa eval` reads it"),
    "unknown_format": Advice("no transcript format callqa knows", "docs/imports.md names them"),
    "empty_transcript": Advice("no words in the transcript", "nothing, or export it again"),
    "no_times": Advice("a transcript without times", "export it with times"),
    "no_speakers": Advice("a transcript without speakers", "export it with speakers"),
    "bad_times": Advice("times that cannot be", "export it again"),
    "bad_document": Advice("callqa's own form, with a mistake", "correct the place it names"),
    "other_language": Advice("a language callqa.toml leaves out", "add it to `languages`, or nothing"),
    # the work
    "timeout": Advice("took longer than a call may", "listen to it: does the decoder hang?", passes=True),
    "memory": Advice("took more memory than a worker may", "retry with fewer workers"),
    "worker_lost": Advice("its worker died, twice", "memory? `dmesg`; then docs/runbook.md", passes=True),
    "bug": Advice("a mistake in callqa", "`callqa status --trace`, and tell us"),
    # the machine
    "store_error": Advice("the database was away or full", "disk, rights, the server", passes=True),
    "model_error": Advice("weights missing or altered", "`callqa models verify`, then `pull`"),
    "missing_extra": Advice("a part of callqa is missing", "install the extra it names"),
    "config_error": Advice("a setting that cannot be", "correct the key it names"),
    "usage_error": Advice("asked for what cannot be", "read its line in `callqa status --failed`"),
}


def of(code: str) -> Advice:
    """What is known of a reason."""
    return ADVICE.get(code, UNKNOWN)
