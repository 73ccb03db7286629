"""JSON of the answers to pictures."""

import base64
from typing import Any

from django.http import JsonResponse
from rest_framework import serializers

from classifier.api.serializers import ProblemSerializer
from classifier.models import REASON_CHOICES, VERDICT_CHOICES
from classifier.recognition.labels import DIGITS
from classifier.uploads.answers import Answer, DigitAnswer

_SEVEN = {
    "label": "7",
    "verdict": "digit",
    "reason": None,
    "sentence": None,
    "best_guess": "7",
    "confidence": 0.9991,
    "probabilities": dict.fromkeys(DIGITS, 0.0001) | {"7": 0.9991},
}
EXAMPLE = _SEVEN | {
    "id": "6f1dd1f0-3a55-4f7e-9d0f-5f1f3f0c9a27",
    "digits": [
        _SEVEN | {"id": "3f0c6f0e-8d1b-4f5e-9a53-0d4f6f0a7c11", "box": [92, 41, 105, 203]},
    ],
    "lines": [{"text": "7", "box": [92, 41, 105, 203], "digits": [0]}],
    "left_out": [],
    "model": "baseline",
    "delete_key": "5d3e0c1f7a9b4e68a2c4d6f8091b3e5d7f90a2b4c6d8e0f1234567890abcdef0",
}


def build_response(content: Any, headers: dict[str, str] | None = None) -> JsonResponse:
    params = {"ensure_ascii": False, "separators": (",", ":")}
    return JsonResponse(content, json_dumps_params=params, headers=headers)


def serialize_answer(answer: Answer) -> dict[str, Any]:
    return vars(answer) | {
        "digits": [vars(digit) for digit in answer.digits],
        "lines": [vars(line) for line in answer.lines],
    }


def serialize_preview_digit(digit: DigitAnswer, pixels: bytes) -> dict[str, Any]:
    return vars(digit) | {"pixels": base64.b64encode(pixels).decode()}


class BoxField(serializers.ListField):
    def __init__(self) -> None:
        super().__init__(
            child=serializers.IntegerField(min_value=0),
            min_length=4,
            max_length=4,
            help_text="x, y, width and height in pixels of the upright picture",
        )


class VerdictSerializer(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICT_CHOICES)
    reason = serializers.ChoiceField(choices=REASON_CHOICES, allow_null=True)
    sentence = serializers.CharField(
        allow_null=True, help_text="the reason in words; null if the verdict is digit"
    )


class DigitSerializer(VerdictSerializer):
    id = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="'0' to '9', or 'unknown' unless the verdict is digit"
    )
    best_guess = serializers.CharField(help_text="the most likely digit, whatever the verdict")
    confidence = serializers.FloatField(min_value=0, max_value=1)
    probabilities = serializers.DictField(child=serializers.FloatField(min_value=0, max_value=1))
    box = BoxField()


class LineSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="the most likely digits, whatever the verdict")
    box = BoxField()
    digits = serializers.ListField(
        child=serializers.IntegerField(min_value=0),
        help_text="positions in the answer's `digits`, from 0",
    )


class AnswerSerializer(VerdictSerializer):
    id = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="the digits in the picture, or 'unknown'"
    )
    best_guess = serializers.CharField(allow_null=True, help_text="null for a blank picture")
    confidence = serializers.FloatField(
        min_value=0,
        max_value=1,
        allow_null=True,
        help_text="the probability that the whole answer is right; null for a blank picture",
    )
    probabilities = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1),
        allow_null=True,
        help_text="null unless the picture contains exactly one digit",
    )
    digits = DigitSerializer(many=True, help_text="in reading order")
    lines = LineSerializer(many=True, help_text="lines of writing, from the top")
    left_out = serializers.ListField(
        child=BoxField(), help_text="writing that was not read as digits"
    )
    model = serializers.CharField(allow_null=True, help_text="null for a blank picture")


class StoredAnswerSerializer(AnswerSerializer):
    delete_key = serializers.CharField(help_text="the Delete-Key that deletes this upload")


class PictureResultSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="the file's name")
    answer = StoredAnswerSerializer(allow_null=True)
    problem = ProblemSerializer(allow_null=True, help_text="why the picture was not read")


class PictureResultsSerializer(serializers.Serializer[Any]):
    results = PictureResultSerializer(many=True, help_text="one for each file, in the same order")


class PreviewDigitSerializer(DigitSerializer):
    id = serializers.UUIDField(allow_null=True, help_text="always null: nothing is stored")
    pixels = serializers.CharField(
        help_text="the model's input: 784 bytes, 28×28 row-major, ink = 255, base64"
    )


class PreviewSerializer(AnswerSerializer):
    id = serializers.UUIDField(allow_null=True, help_text="always null: nothing is stored")
    digits = PreviewDigitSerializer(many=True, help_text="in reading order")
    model = serializers.CharField()
