import pytest
from django.utils import translation

from classifier.templatetags.numbers import certainty, percent


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "0 %"), (1e-12, "< 1 %"), (0.008, "1 %"), (0.944, "94 %"), (0.9999, "> 99 %")],
)
def test_probability_is_a_whole_percentage(probability: float, text: str) -> None:
    assert percent(probability).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("language", "probability", "text"),
    [
        ("en", 0.9999, "certain"),
        ("en", 0.95, "fairly sure (95 %)"),
        ("de", 0.9999, "sicher"),
        ("de", 0.95, "ziemlich sicher (95 %)"),
    ],
)
def test_certainty_is_in_words(language: str, probability: float, text: str) -> None:
    with translation.override(language):
        assert certainty(probability).replace("\N{NO-BREAK SPACE}", " ") == text
