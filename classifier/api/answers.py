"""What is said of pictures, in JSON."""

from typing import Any

from rest_framework import serializers

from classifier.api.problems import Problem
from classifier.api.serializers import ProblemSerializer
from classifier.models import REASONS, VERDICTS
from classifier.recognition.imaging import ImageError
from classifier.recognition.labels import DIGITS
from classifier.uploads import request_files
from classifier.uploads.answers import Answer

_PROBABILITIES = dict.fromkeys(DIGITS, 0.0001) | {"7": 0.9991}
_JUDGED = {
    "label": "7",
    "verdict": "digit",
    "reason": None,
    "sentence": None,
    "best_guess": "7",
    "confidence": 0.9991,
    "probabilities": _PROBABILITIES,
}
A_SEVEN = _JUDGED | {
    "id": "6f1dd1f0-3a55-4f7e-9d0f-5f1f3f0c9a27",
    "digits": [
        _JUDGED | {"id": "3f0c6f0e-8d1b-4f5e-9a53-0d4f6f0a7c11", "box": [92, 41, 105, 203]},
    ],
    "lines": [{"text": "7", "box": [92, 41, 105, 203], "digits": [0]}],
    "left_out": [],
    "model": "baseline",
    "delete_key": "5d3e0c1f7a9b4e68a2c4d6f8091b3e5d7f90a2b4c6d8e0f1234567890abcdef0",
}


def told(answer: Answer) -> dict[str, Any]:
    return vars(answer) | {
        "digits": [vars(digit) for digit in answer.digits],
        "lines": [vars(line) for line in answer.lines],
    }


def problem(fault: ImageError) -> dict[str, Any]:
    """What is wrong with one picture among others."""
    return Problem(request_files.status(fault), fault.code, fault.detail).content()


class BoxField(serializers.ListField):
    def __init__(self) -> None:
        super().__init__(
            child=serializers.IntegerField(min_value=0),
            min_length=4,
            max_length=4,
            help_text="x, y, width, height in the upright picture's pixels",
        )


class JudgedSerializer(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    reason = serializers.ChoiceField(choices=REASONS, allow_null=True)
    sentence = serializers.CharField(
        allow_null=True, help_text="the reason, to show to people; null if the verdict is digit"
    )


class DigitSerializer(JudgedSerializer):
    id = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="'0' to '9', or 'unknown' unless the verdict is digit"
    )
    best_guess = serializers.CharField(help_text="the nearest digit, whatever the verdict")
    confidence = serializers.FloatField(min_value=0, max_value=1)
    probabilities = serializers.DictField(child=serializers.FloatField(min_value=0, max_value=1))
    box = BoxField()


class LineSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="the nearest digits, whatever the verdict")
    box = BoxField()
    digits = serializers.ListField(
        child=serializers.IntegerField(min_value=0), help_text="their places in `digits`, from 0"
    )


class AnswerSerializer(JudgedSerializer):
    id = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="the digit or digits read, or 'unknown'"
    )
    best_guess = serializers.CharField(allow_null=True, help_text="null for a blank picture")
    confidence = serializers.FloatField(
        min_value=0, max_value=1, allow_null=True, help_text="that all of it is right"
    )
    probabilities = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1),
        allow_null=True,
        help_text="null unless the picture holds exactly one digit",
    )
    digits = DigitSerializer(many=True, help_text="in reading order")
    lines = LineSerializer(many=True, help_text="the lines of writing, from the top")
    left_out = serializers.ListField(child=BoxField(), help_text="writing that no digit explains")
    model = serializers.CharField(allow_null=True, help_text="null for a blank picture")


class SentAnswerSerializer(AnswerSerializer):
    delete_key = serializers.CharField(help_text="the Delete-Key with which it can be deleted")


class SentPictureSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="of the file")
    answer = SentAnswerSerializer(allow_null=True)
    problem = ProblemSerializer(allow_null=True, help_text="why there is no answer")


class SentPicturesSerializer(serializers.Serializer[Any]):
    results = SentPictureSerializer(many=True, help_text="in the order of sending")


class PreviewedDigitSerializer(DigitSerializer):
    id = serializers.UUIDField(allow_null=True, help_text="null: it is not stored")
    pixels = serializers.CharField(
        help_text="what the model saw: 784 bytes, 28×28 row-major, ink = 255, base64"
    )


class PreviewSerializer(AnswerSerializer):
    id = serializers.UUIDField(allow_null=True, help_text="null: it is not stored")
    digits = PreviewedDigitSerializer(many=True, help_text="in reading order")
    model = serializers.CharField()
