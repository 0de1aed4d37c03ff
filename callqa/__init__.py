"""callqa: how well was this sales call led, and what shows it."""

__version__ = "0.1.0"
