"""Template filters for sentences that are stored in English, in the reader's language."""

import re
from functools import cache

from django import template
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import trans_real

from classifier.models import ModelVersion
from classifier.registry import comparison

register = template.Library()

PLACEHOLDER = re.compile(r"%%|%\((\w+)\)s")


@register.filter("translated")
def translate_stored(text: str) -> str:
    """Translate a sentence of the catalogue; return other texts unchanged.

    The code that stores a sentence marks its msgid with `gettext_noop`, so the catalogue has it.
    """
    if not text or translation.get_language() == "en":
        return text
    for pattern, msgid in _compile_sentences(translation.get_language()):
        if match := pattern.fullmatch(text):
            values = {name: _localize(value) for name, value in match.groupdict().items()}
            return translation.gettext(msgid) % values
    return text


@cache
def _compile_sentences(language: str) -> list[tuple[re.Pattern[str], str]]:
    catalog = trans_real.translation(language)._catalog  # type: ignore[attr-defined]
    msgids = [msgid for msgid, _ in catalog.items() if isinstance(msgid, str)]
    return [(_compile(msgid), msgid) for msgid in msgids if msgid.endswith(".")]


def _compile(msgid: str) -> re.Pattern[str]:
    """Return the pattern of the texts that this msgid with its values can be."""
    parts = PLACEHOLDER.split(msgid)
    names = parts[1::2]
    pattern = re.escape(parts[0])
    for place, (name, literal) in enumerate(zip(names, parts[2::2], strict=True)):
        group = f"(?P={name})" if name in names[:place] else f"(?P<{name}>.+)"
        pattern += (group if name else "%") + re.escape(literal)
    return re.compile(pattern, re.DOTALL)


def _localize(value: str) -> str:
    return number_format(value) if re.fullmatch(r"\d+\.\d+", value) else value


@register.filter
def comparison_reason(version: ModelVersion) -> str:
    return comparison.describe_reason(version)
