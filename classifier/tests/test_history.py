"""Append-only history: predictions, label changes and promotions never change."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from classifier.models import InputImage, LabelChange, Prediction
from classifier.tests.row_writers import (
    Write,
    write_label_change,
    write_prediction,
    write_promotion,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("write", "change"),
    [
        (write_prediction(), {"confidence": 0.5}),
        (write_label_change(), {"to_label": "8"}),
        (write_promotion(), {"reason": "another"}),
    ],
    ids=["prediction", "label change", "promotion"],
)
def test_history_cannot_change(write: Write, change: dict[str, Any]) -> None:
    row = write()
    table = type(row).objects

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        table.filter(pk=row.pk).update(**change)

    assert not table.filter(**change).exists()


@pytest.mark.parametrize("write", [write_prediction(), write_label_change()])
def test_history_is_deleted_with_its_image(write: Write) -> None:
    write()

    InputImage.objects.all().delete()

    assert not Prediction.objects.exists()
    assert not LabelChange.objects.exists()
