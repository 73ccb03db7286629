import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.models import ModelState, ModelVersion, Promotion, Via
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.pages import get_admin_url, read_text

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/modelversion/"


def promote(client: Client, version: ModelVersion, **values: str) -> str:
    return client.post(f"{LIST}{version.pk}/promote/", values, follow=True).text


def get_champion_name() -> str:
    return ModelVersion.objects.get(state=ModelState.CHAMPION).name


def test_timeline_shows_model_time_user_channel_and_reason(
    trainer_client: Client, better: ModelVersion, trainer: User
) -> None:
    versions.promote_model("better", by=trainer, via=Via.ADMIN, reason="It reads my 7s.")
    since = Promotion.objects.get(model=better).at
    at = f"{since:%Y-%m-%d %H:%M}"

    text = read_text(trainer_client, f"{LIST}timeline/")

    assert f"better {at} now trainer Admin It reads my 7s. baseline" in text
    assert f"{at} – command line –" in text
    assert 'href="/admin/classifier/modelversion/timeline/"' in trainer_client.get(LIST).text


def test_candidate_is_promoted_with_a_reason(
    trainer_client: Client, better: ModelVersion, trainer: User
) -> None:
    assert "Promote</button>" in trainer_client.get(get_admin_url(better)).text

    html = promote(trainer_client, better, reason="It reads my 7s.")

    assert "Model better is the champion. All web workers use it within 2 seconds." in html
    assert get_champion_name() == "better"
    newest = Promotion.objects.order_by("-id")[0]
    assert (newest.by, newest.via, newest.reason) == (trainer, Via.ADMIN, "It reads my 7s.")


def test_candidate_is_rejected_with_a_reason(
    trainer_client: Client, better: ModelVersion, trainer: User
) -> None:
    url = get_admin_url(better, "reject")

    trainer_client.post(url, {"reason": "Its sevens are worse."})

    better.refresh_from_db()
    assert better.state == ModelState.REJECTED
    assert better.comparison["reason"] == f"Rejected by {trainer.username}. Its sevens are worse."


def test_champion_cannot_be_rejected(trainer_client: Client, champion: ModelVersion) -> None:
    url = get_admin_url(champion, "reject")

    response = trainer_client.post(url, follow=True)

    assert "is no candidate" in response.text
    champion.refresh_from_db()
    assert champion.state == ModelState.CHAMPION


def test_champions_page_rolls_back(
    trainer_client: Client, better: ModelVersion, trainer: User
) -> None:
    versions.promote_model("better")
    assert "Roll back to baseline</button>" in trainer_client.get(get_admin_url(better)).text

    response = trainer_client.post(f"{LIST}rollback/", {"reason": "It reads no 7s."}, follow=True)

    assert "Model baseline is the champion." in response.text
    assert get_champion_name() == "baseline"
    newest = Promotion.objects.order_by("-id")[0]
    assert (newest.by, newest.via, newest.reason) == (trainer, Via.ADMIN, "It reads no 7s.")


def test_rollback_without_an_earlier_champion_is_refused(
    trainer_client: Client, champion: ModelVersion
) -> None:
    assert "Roll back" not in trainer_client.get(get_admin_url(champion)).text

    response = trainer_client.post(f"{LIST}rollback/", follow=True)

    assert "There is no earlier champion" in response.text
    assert get_champion_name() == "baseline"


def test_rejected_model_cannot_be_promoted(trainer_client: Client, champion: ModelVersion) -> None:
    factories.copy_bundled_model("worse")
    comparison = {"passed": False, "reason": "Two images got worse."}
    worse = versions.register_model("worse", comparison)

    html = trainer_client.get(get_admin_url(worse)).text
    assert "Promote</button>" not in html
    assert "Two images got worse." in html
    assert "manage.py promote worse --force" in html

    assert "Model worse was rejected: Two images got worse." in promote(trainer_client, worse)
    assert get_champion_name() == "baseline"


def test_model_without_a_folder_is_not_promoted(
    trainer_client: Client, champion: ModelVersion
) -> None:
    gone = factories.create_version(name="gone")

    assert "There is no model in" in promote(trainer_client, gone)
    assert get_champion_name() == "baseline"


@pytest.mark.parametrize("action", ["promote", "reject"])
@pytest.mark.parametrize("reason", ["x" * 501, "a\0b"])
def test_invalid_reason_is_refused(
    trainer_client: Client, better: ModelVersion, action: str, reason: str
) -> None:
    url = get_admin_url(better, action)
    response = trainer_client.post(url, {"reason": reason}, follow=True)

    assert '<li class="error">Reason: ' in response.text
    better.refresh_from_db()
    assert better.state == ModelState.CANDIDATE


def test_model_page_shows_its_serving_history(trainer_client: Client, better: ModelVersion) -> None:
    assert "Serving history" not in read_text(trainer_client, get_admin_url(better))

    promote(trainer_client, better, reason="It reads my 7s.")

    assert (
        "It reads my 7s."
        in read_text(trainer_client, get_admin_url(better)).split("Serving history")[1]
    )


def test_viewer_cannot_promote(trainer_client: Client, better: ModelVersion, trainer: User) -> None:
    factories.withdraw_permission(trainer, "promote_modelversion")

    assert "Promote</button>" not in trainer_client.get(get_admin_url(better)).text
    assert trainer_client.post(f"{LIST}{better.pk}/promote/").status_code == 403
    assert trainer_client.post(f"{LIST}{better.pk}/reject/").status_code == 403
    assert trainer_client.post(f"{LIST}rollback/").status_code == 403
    assert get_champion_name() == "baseline"
