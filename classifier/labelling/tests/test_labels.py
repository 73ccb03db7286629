from uuid import UUID

import pytest
from django.contrib.auth.models import User

from classifier.errors import RuleBroken
from classifier.labelling import labels, queue
from classifier.models import InputImage, LabelChange, Source, Via
from classifier.recognition.labels import Label
from classifier.tests import factories

pytestmark = pytest.mark.django_db


def test_label_is_recorded_in_history(labeller: User) -> None:
    image = factories.create_image()

    labels.set_label(image.pk, "7", by=labeller, via=Via.API)

    image.refresh_from_db()
    assert (image.label, image.labelled_by) == ("7", labeller)
    change = LabelChange.objects.get()
    assert (change.image, change.changed_by, change.via) == (image, labeller, Via.API)
    assert (change.from_label, change.to_label) == (Label.UNKNOWN, "7")
    assert image.labelled_at is not None
    assert change.created_at is not None


def test_same_label_changes_nothing(labeller: User, admin_user: User) -> None:
    image = factories.create_image()
    labels.set_label(image.pk, "7", by=labeller, via=Via.ADMIN)
    labelled_at = InputImage.objects.get().labelled_at

    labels.set_label(image.pk, "7", by=admin_user, via=Via.ADMIN)

    image.refresh_from_db()
    assert (image.labelled_by, image.labelled_at) == (labeller, labelled_at)
    assert LabelChange.objects.count() == 1


def test_undo_is_another_change(labeller: User) -> None:
    image = factories.create_image()
    labels.set_label(image.pk, "7", by=labeller, via=Via.ADMIN)

    labels.set_label(image.pk, Label.UNKNOWN, by=labeller, via=Via.ADMIN)

    image.refresh_from_db()
    assert (image.label, image.labelled_by, image.labelled_at) == (Label.UNKNOWN, None, None)
    history = LabelChange.objects.order_by("id").values_list("from_label", "to_label")
    assert list(history) == [("unknown", "7"), ("7", "unknown")]


@pytest.mark.parametrize("label", ["", "10", "seven", "unknown", "٧"])
def test_answer_other_than_a_known_label_is_refused(labeller: User, label: str) -> None:
    image = factories.create_queue_item().image

    with pytest.raises(RuleBroken, match="Use one of: 0, 1, "):
        queue.record_answer(image.pk, label, labeller)

    assert not LabelChange.objects.exists()


@pytest.mark.parametrize("source", [Source.MNIST, Source.MNIST_SAMPLE])
def test_mnist_labels_cannot_change(labeller: User, source: Source) -> None:
    image = factories.create_mnist_image(source=source, label="7")

    with pytest.raises(RuleBroken, match="MNIST"):
        labels.set_label(image.pk, "1", by=labeller, via=Via.ADMIN)

    assert InputImage.objects.get().label == "7"


def test_labels_are_set_for_all_images_or_none(labeller: User) -> None:
    first, second = (factories.create_image(pk=UUID(int=number)) for number in (1, 2))
    # The last in order, so that the others have been labelled when it is refused.
    refused = factories.create_mnist_image(pk=UUID(int=3))

    wanted = dict.fromkeys([first.pk, second.pk], "3")
    with pytest.raises(RuleBroken):
        labels.apply_labels(wanted | {refused.pk: "3"}, labeller, Via.ADMIN)
    assert not InputImage.objects.filter(label="3").exists()
    assert not LabelChange.objects.exists()

    labels.apply_labels(wanted, labeller, Via.ADMIN)
    assert InputImage.objects.filter(label="3").count() == 2
    assert LabelChange.objects.filter(to_label="3", changed_by=labeller).count() == 2
