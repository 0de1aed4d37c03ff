"""Scored calls as people and programs read them: HTML, JSON, CSV."""

from callqa.reports.index import index
from callqa.reports.page import html
from callqa.reports.record import document, encode
from callqa.reports.sound import audio_uri
from callqa.reports.table import csv

__all__ = ["audio_uri", "csv", "document", "encode", "html", "index"]
