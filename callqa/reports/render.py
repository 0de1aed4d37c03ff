"""Jinja2 with the pages' filters: templates in, one self-contained file out."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from callqa.reports.numbers import Numbers
from callqa.reports.texts import Texts
from callqa.types import Language

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, language: Language, **values: Any) -> str:
    """A page with style sheet and script inside it. Only that script can run there, whatever a caller said."""
    texts, numbers = Texts(language), Numbers(language)
    script = asset(template.replace(".html", ".js"))
    page: str = (
        environment()
        .get_template(template)
        .render(
            language=language,
            t=texts.ui,
            ti=texts.index,
            told=texts.told,
            knows=texts.knows,
            counted=texts.counted,
            numbers=numbers,
            style=asset("page.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
            **values,
        )
    )
    return page


@cache
def environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
