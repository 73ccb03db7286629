import shutil
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.labelling import labels, queue
from classifier.labelling.selection import Order
from classifier.models import ModelState, ModelVersion, Prediction, ShadowReading, Via
from classifier.recognition.sequential_test import Decision
from classifier.registry import shadow, versions
from classifier.tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]


@pytest.fixture
def candidate(champion: ModelVersion) -> ModelVersion:
    factories.copy_bundled_model("candidate")
    version = versions.register_model("candidate")
    hour_ago = timezone.now() - timedelta(hours=1)
    ModelVersion.objects.filter(pk=version.pk).update(created_at=hour_ago)
    version.refresh_from_db()
    return version


def read_differently(candidate: ModelVersion, guess: str = "1") -> ShadowReading:
    """Create a reading of an unlabelled image that the champion calls a 7."""
    image = factories.create_queue_item().image
    return ShadowReading.objects.create(
        image=image, model=candidate, guess=guess, served_guess="7", confidence=0.9
    )


def label_readings(candidate: ModelVersion, by: User, better: int, worse: int) -> None:
    for label in [*["1"] * better, *["7"] * worse]:
        labels.set_label(read_differently(candidate).image_id, label, by, Via.QUEUE)


def test_candidate_reads_the_newest_uploads_once(
    candidate: ModelVersion, settings: Settings
) -> None:
    settings.SHADOW_UPLOADS = 3
    items = [factories.create_queue_item() for _ in range(5)]

    assert (shadow.read_batch(), shadow.read_batch()) == (3, 0)
    read = ShadowReading.objects.values_list("image", flat=True)
    assert {*read} == {item.pk for item in items[2:]}


def test_shadow_reading_changes_no_answer(candidate: ModelVersion) -> None:
    item = factories.create_queue_item()

    tasks.read_in_shadow(0)

    assert ShadowReading.objects.get().served_guess == "7"
    assert not Prediction.objects.exists()
    item.refresh_from_db()
    assert item.guess == "7"


def test_shadow_reading_requires_a_candidate(champion: ModelVersion) -> None:
    factories.create_queue_item()

    assert shadow.read_batch() == 0


def test_candidate_without_its_folder_reads_nothing(
    candidate: ModelVersion, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    factories.create_queue_item()
    shutil.rmtree(settings.MODELS_DIR / "candidate")

    tasks.read_in_shadow(0)

    assert not ShadowReading.objects.exists()
    assert "Candidate candidate can't be loaded" in caplog.text


def test_summary_counts_only_fresh_labels_of_differing_images(
    candidate: ModelVersion, anna: User
) -> None:
    label_readings(candidate, anna, better=2, worse=1)
    read_differently(candidate)
    read_differently(candidate, guess="7")
    old = read_differently(candidate)
    labels.set_label(old.image_id, "1", anna, Via.QUEUE)
    type(old.image).objects.filter(pk=old.image_id).update(
        labelled_at=candidate.created_at - timedelta(minutes=1)
    )

    summary = shadow.summarize_readings(candidate)

    assert (summary.read, summary.differing, summary.unlabelled) == (6, 5, 1)
    assert (summary.better, summary.worse) == (2, 1)
    assert summary.decision == Decision.UNDECIDED


def test_decided_candidate_is_promoted_if_settings_say_so(
    candidate: ModelVersion, anna: User, settings: Settings
) -> None:
    label_readings(candidate, anna, better=8, worse=0)
    tasks.read_in_shadow(0)
    candidate.refresh_from_db()
    assert candidate.state == ModelState.CANDIDATE

    settings.AUTO_PROMOTE = True
    tasks.read_in_shadow(0)

    candidate.refresh_from_db()
    assert candidate.state == ModelState.CHAMPION
    promotion = candidate.promotions.get()
    assert promotion.via == Via.AUTOMATIC
    assert promotion.reason == "On uploads, 8 labels favour it and 0 do not."


def test_undecided_candidate_is_not_promoted(
    candidate: ModelVersion, anna: User, settings: Settings
) -> None:
    settings.AUTO_PROMOTE = True
    label_readings(candidate, anna, better=4, worse=2)

    tasks.read_in_shadow(0)

    candidate.refresh_from_db()
    assert candidate.state == ModelState.CANDIDATE


def test_candidate_that_cannot_be_promoted_stays_a_candidate(
    candidate: ModelVersion, anna: User, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.AUTO_PROMOTE = True
    label_readings(candidate, anna, better=8, worse=0)
    shutil.rmtree(settings.MODELS_DIR / "candidate")

    tasks.read_in_shadow(0)

    candidate.refresh_from_db()
    assert candidate.state == ModelState.CANDIDATE
    assert "Candidate candidate can't be promoted" in caplog.text


def test_decisive_order_leases_differing_images(candidate: ModelVersion, anna: User) -> None:
    reading = read_differently(candidate)
    read_differently(candidate, guess="7")
    factories.create_queue_item()

    leased = queue.lease_next(anna, Order.DECISIVE, 10)

    assert [item.pk for item in leased] == [reading.image_id]


def test_decisive_card_hides_the_guesses(admin_client: Client, candidate: ModelVersion) -> None:
    reading = read_differently(candidate)
    factories.create_prediction(reading.image, candidate)

    page = admin_client.get("/admin/classifier/inputimage/queue/?order=decisive").text

    assert "Two models read it differently." in page
    assert "best guess" not in page


def test_model_page_shows_differing_pictures_and_the_decision(
    client: Client, candidate: ModelVersion, admin_user: User
) -> None:
    label_readings(candidate, admin_user, better=9, worse=1)
    client.force_login(admin_user)

    url = f"/admin/classifier/modelversion/{candidate.pk}/change/"
    page = " ".join(client.get(url).text.split())

    assert "10 images: this model reads 10 differently" in page
    assert "So far 9 favour this model and 1 the champion." in page
    assert 'class="pill succeeded">promote<' in page
    assert "Label" not in page.split('id="decide"')[1].split("</section>")[0]
    assert page.count("<span>7 → 1</span>") == 10


def test_overview_announces_the_candidate(admin_client: Client, candidate: ModelVersion) -> None:
    read_differently(candidate)

    page = " ".join(admin_client.get("/admin/").text.split())

    assert '<p class="figure word">candidate</p> <p>is a candidate. It reads 1 of 1 recent' in page
