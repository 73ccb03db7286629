import numpy as np
import pytest

from classifier.models import Alarm, Delivery, ModelVersion, Webhook
from classifier.recognition.labels import Event
from classifier.registry import input_drift
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> ModelVersion:
    return factories.create_version(state="champion")


def read_images(version: ModelVersion, distances: list[float]) -> None:
    for distance in distances:
        factories.create_prediction(
            factories.create_image(), version, scores={"distance": distance}
        )


def draw_distances(count: int) -> list[float]:
    return [float(each) for each in np.random.default_rng(0).lognormal(size=count)]


def test_steady_input_raises_no_alarm(version: ModelVersion) -> None:
    read_images(version, draw_distances(200))

    input_drift.check_input_drift()

    assert not Alarm.objects.exists()


def test_changed_input_raises_an_alarm_once_and_publishes_its_causes(version: ModelVersion) -> None:
    Webhook.objects.create(url="http://receiver/", secret="x", events=[Event.INPUT_DRIFTED])
    read_images(version, [*draw_distances(150), *[50.0 + place for place in range(20)]])

    input_drift.check_input_drift()
    input_drift.check_input_drift()

    assert Alarm.objects.get().kind == "input_drifted"
    causes = Delivery.objects.get().payload["data"]["causes"]
    strange = version.predictions.filter(scores__distance__gte=50)
    assert {str(prediction.image_id) for prediction in strange} <= {*causes}


def test_new_champion_clears_the_alarm(version: ModelVersion) -> None:
    read_images(version, [*draw_distances(150), *[50.0 + place for place in range(20)]])
    input_drift.check_input_drift()
    ModelVersion.objects.update(state="retired")
    factories.create_version(name="next", state="champion")

    input_drift.check_input_drift()

    assert Alarm.objects.get().cleared_at


def test_later_readings_of_the_same_image_do_not_count(version: ModelVersion) -> None:
    earlier = factories.create_version(name="earlier", state="retired")
    image = factories.create_image()
    factories.create_prediction(image, earlier, scores={"distance": 1.0})
    factories.create_prediction(image, version, scores={"distance": 1.0})

    assert input_drift.measure_input_drift(version).images == 0


def test_nothing_is_measured_without_a_champion() -> None:
    input_drift.check_input_drift()

    assert not Alarm.objects.exists()
