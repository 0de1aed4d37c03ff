"""Analysers as the shipped settings make them."""

from callqa.analysers.registry import make
from callqa.config import load, shipped

SETTINGS = load(shipped("configs") / "callqa.toml")


def analyser(use):
    (made,) = make([choice for choice in SETTINGS.analysers if choice.use == use], SETTINGS.path)
    return made
