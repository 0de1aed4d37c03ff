"""Every error callqa raises on purpose. Anything else is a bug.

Errors cross processes: arguments go to ``super().__init__`` unchanged and the text is made in ``__str__``.
"""


class CallqaError(Exception):
    """Base class: the message is written for the person running the command."""

    retryable = False


class ConfigError(CallqaError):
    """A config file says something callqa cannot honour."""

    def __init__(self, path: str, key: str, problem: str) -> None:
        self.path, self.key, self.problem = path, key, problem
        super().__init__(path, key, problem)

    def __str__(self) -> str:
        return f"{self.path}: {self.key}: {self.problem}"


class UsageError(CallqaError):
    """The command was asked for something that cannot be: a path that is not there, an unknown name."""


class AudioError(CallqaError):
    """A recording cannot be used. ``code`` is stable for counting, ``problem`` says what is wrong and the cure."""

    def __init__(self, path: str, code: str, problem: str) -> None:
        self.path, self.code, self.problem = path, code, problem
        super().__init__(path, code, problem)

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class TranscriptError(CallqaError):
    """A finished transcript cannot be used. ``code`` is stable for counting, ``place`` is where in the file."""

    def __init__(self, path: str, code: str, place: str, problem: str) -> None:
        self.path, self.code, self.place, self.problem = path, code, place, problem
        super().__init__(path, code, place, problem)

    def __str__(self) -> str:
        return f"{self.path}: {self.place}: {self.problem}"


class ModelError(CallqaError):
    """A model's weights are missing, altered or unknown."""

    def __init__(self, model: str, problem: str) -> None:
        self.model, self.problem = model, problem
        super().__init__(model, problem)

    def __str__(self) -> str:
        return f"model {self.model}: {self.problem}"


class MissingExtra(CallqaError):
    """A part of callqa is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        self.extra, self.needed_for = extra, needed_for
        super().__init__(extra, needed_for)

    def __str__(self) -> str:
        return f"{self.needed_for} needs an extra: pip install 'callqa[{self.extra}]'"


class StoreError(CallqaError):
    """The database is away, locked or of a newer version. ``passing``: it may be there again in a minute."""

    retryable = True

    def __init__(self, problem: str, passing: bool = False) -> None:
        self.problem, self.passing = problem, passing
        super().__init__(problem, passing)

    def __str__(self) -> str:
        return self.problem


class EngineError(CallqaError):
    """No worker can be started or reached; says why and what to do. Nothing is marked as failed for it."""


class StoreBusy(CallqaError):
    """Another run has the store; ``holder`` says which."""

    retryable = True

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(holder)

    def __str__(self) -> str:
        return f"the store is in use: {self.holder}; wait for its end, or stop it and run this again"


class WorkerLost(CallqaError):
    """A worker died while it held this item, or says that it is of no more use."""

    retryable = True
