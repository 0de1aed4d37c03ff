"""The tables of the store. What stands here is what the newest migration leaves behind; a test compares the two."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

schema = MetaData()

# one row a recording, by content; path is where it was last seen
recordings = Table(
    "recordings",
    schema,
    Column("sha256", String(64), primary_key=True),
    Column("id", String(12), nullable=False),
    Column("path", Text, nullable=False),
    Column("duration", Float, nullable=False),
    Column("sample_rate", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("codec", Text, nullable=False),
    Index("recordings_by_id", "id"),
)

# one row a file name; size and time tell that its hash need not be computed again
files = Table(
    "files",
    schema,
    Column("path", Text, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
)

# a stage's answer under everything it depends on; rows are added, never changed
results = Table(
    "results",
    schema,
    Column("sha256", String(64), primary_key=True),
    Column("stage", String(32), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("made_at", String(32), nullable=False),
)

# which of a stage's answers is today's
current = Table(
    "current",
    schema,
    Column("sha256", String(64), primary_key=True),
    Column("stage", String(32), primary_key=True),
    Column("fingerprint", String(32), nullable=False),
)

# what the telephone system said of a call: a row of calls.csv as JSON
call_metadata = Table(
    "call_metadata",
    schema,
    Column("sha256", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# whose call it was and when it began (UTC), where both are known: rows of call_metadata that can be looked up
rep_calls = Table(
    "rep_calls",
    schema,
    Column("sha256", String(64), primary_key=True),
    Column("rep_id", Text, nullable=False),
    Column("began", String(32), nullable=False),
    Index("rep_calls_by_rep", "rep_id", "began"),
)

# files that could not be scored, until they can
failures = Table(
    "failures",
    schema,
    Column("path", Text, primary_key=True),
    Column("code", String(64), nullable=False),
    Column("problem", Text, nullable=False),
    Column("retryable", Boolean, nullable=False),
    Column("trace", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failed_at", String(32), nullable=False),
    Column("since", String(32)),  # of the first try of the file as it is
    Column("size", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("under", String(32)),  # the callqa and the settings it failed under
)

# one row a run of batch, watch or retry; counts is JSON, process says who runs it
runs = Table(
    "runs",
    schema,
    Column("run", Integer, primary_key=True),
    Column("command", String(16), nullable=False),
    Column("folders", Text, nullable=False),
    Column("calls", Text),
    Column("engine", String(64), nullable=False),
    Column("process", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("counts", Text, nullable=False),
)

# what a run has not come to yet
queue = Table(
    "queue",
    schema,
    Column("path", Text, primary_key=True),
    Column("run", Integer, nullable=False),
)
