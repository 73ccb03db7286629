from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from classifier.models import ModelState, ModelVersion, Promotion, RunState, TrainingRun, Via
from classifier.registry import runs, versions
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def better(champion: ModelVersion) -> ModelVersion:
    """A candidate, whose name has a dot, beside the bundled model."""
    factories.copy_bundled_model("better-1.5")
    return versions.register_model("better-1.5")


def post(client: Client, address: str, body: Any = None, **headers: str) -> Any:
    return client.post(address, body or {}, content_type="application/json", headers=headers)


def get_error(response: Any) -> tuple[int, str]:
    answer = response.json()
    assert answer["detail"]
    return response.status_code, answer["code"]


def get_champion_name() -> str:
    return ModelVersion.objects.get(state=ModelState.CHAMPION).name


def test_run_is_started_and_read(
    admin_api: Client, champion: ModelVersion, admin_user: User
) -> None:
    factories.create_image(label="7")

    response = post(admin_api, "/api/runs", {"fine_tune": True})

    assert response.status_code == 201
    run = TrainingRun.objects.get()
    answer = response.json()
    assert (answer["id"], answer["state"], answer["asked_by"]) == (run.pk, "queued", "admin")
    assert (answer["fine_tune"], answer["force"], answer["result"]) == (True, False, None)
    assert admin_api.get(f"/api/runs/{run.pk}").json() == answer


def test_fine_tuning_is_default(admin_api: Client, champion: ModelVersion) -> None:
    assert get_error(post(admin_api, "/api/runs")) == (409, "nothing_new")
    assert not TrainingRun.objects.exists()

    assert post(admin_api, "/api/runs", {"force": True}).json()["fine_tune"]


def test_second_run_is_rejected(admin_api: Client) -> None:
    assert post(admin_api, "/api/runs", {"fine_tune": False}).status_code == 201

    second = post(admin_api, "/api/runs", {"fine_tune": False})

    assert get_error(second) == (409, "already_training")
    assert TrainingRun.objects.count() == 1


def test_fine_tuning_without_champion_is_rejected(admin_api: Client) -> None:
    assert get_error(post(admin_api, "/api/runs")) == (400, "invalid")


@pytest.mark.parametrize("body", [{"fine_tune": "perhaps"}, {"force": None}, [1]])
def test_invalid_request_is_rejected(admin_api: Client, body: Any) -> None:
    assert get_error(post(admin_api, "/api/runs", body)) == (400, "invalid")
    assert not TrainingRun.objects.exists()


def test_run_is_cancelled_once(admin_api: Client) -> None:
    run = runs.queue_run(None, fine_tune=False)

    response = post(admin_api, f"/api/runs/{run.pk}/cancel")

    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    assert get_error(post(admin_api, f"/api/runs/{run.pk}/cancel")) == (409, "run_ended")


@pytest.mark.parametrize("run", ["999", "x", "99999999999999999999"])
def test_unknown_run_is_not_found(admin_api: Client, run: str) -> None:
    assert admin_api.get(f"/api/runs/{run}").status_code == 404
    assert post(admin_api, f"/api/runs/{run}/cancel").status_code == 404


def test_run_without_heartbeat_has_failed(admin_api: Client) -> None:
    then = timezone.now() - timedelta(minutes=1)
    run = factories.create_run(RunState.RUNNING, heartbeat_at=then)

    assert admin_api.get(f"/api/runs/{run.pk}").json()["state"] == "failed"


def test_promotion_stores_reason(admin_api: Client, better: ModelVersion, admin_user: User) -> None:
    response = post(admin_api, "/api/models/better-1.5/promote", {"reason": "It reads my 7s."})

    assert response.status_code == 200
    assert (response.json()["name"], response.json()["state"]) == ("better-1.5", "champion")
    newest = Promotion.objects.order_by("-id")[0]
    assert (newest.by, newest.via, newest.reason) == (admin_user, Via.API, "It reads my 7s.")


def test_rollback_promotes_previous_champion(
    admin_api: Client, better: ModelVersion, admin_user: User
) -> None:
    assert get_error(post(admin_api, "/api/promotions/rollback")) == (409, "no_earlier_champion")
    versions.promote_model("better-1.5")

    response = post(admin_api, "/api/promotions/rollback", {"reason": "It reads no 7s."})

    assert (response.status_code, response.json()["name"]) == (200, "baseline")
    newest = Promotion.objects.order_by("-id")[0]
    assert (newest.by, newest.via, newest.reason) == (admin_user, Via.API, "It reads no 7s.")


def test_rejected_model_is_not_promoted(admin_api: Client, champion: ModelVersion) -> None:
    factories.copy_bundled_model("worse")
    versions.register_model("worse", {"passed": False, "reason": "Two images got worse."})

    response = post(admin_api, "/api/models/worse/promote")

    assert get_error(response) == (409, "rejected")
    assert "Two images got worse." in response.json()["detail"]
    assert get_champion_name() == "baseline"


@pytest.mark.parametrize("name", ["nowhere", "..", "baseline%2F..", "better-1.6"])
def test_unregistered_model_is_not_found(
    admin_api: Client, better: ModelVersion, name: str
) -> None:
    factories.copy_bundled_model("better-1.6")  # an unregistered folder

    assert admin_api.get(f"/api/models/{name}").status_code == 404
    assert post(admin_api, f"/api/models/{name}/promote").status_code == 404
    assert get_champion_name() == "baseline"


def test_model_without_folder_is_not_promoted(admin_api: Client, champion: ModelVersion) -> None:
    factories.create_version(name="gone")

    assert get_error(post(admin_api, "/api/models/gone/promote")) == (409, "unusable_model")
    assert get_champion_name() == "baseline"


@pytest.mark.parametrize("reason", ["x" * 501, None, "a\0b", ["why"]])
def test_invalid_reason_rejects_promotion(
    admin_api: Client, better: ModelVersion, reason: Any
) -> None:
    response = post(admin_api, "/api/models/better-1.5/promote", {"reason": reason})

    assert get_error(response) == (400, "invalid")
    assert response.json()["detail"].startswith("reason: ")
    assert get_champion_name() == "baseline"


def test_promotions_list_serving_periods(
    admin_api: Client, better: ModelVersion, admin_user: User
) -> None:
    versions.promote_model("better-1.5", by=admin_user, via=Via.ADMIN, reason="It reads my 7s.")

    promotions = admin_api.get("/api/promotions").json()["results"]

    assert [(each["model"], each["by"], each["via"], each["reason"]) for each in promotions] == [
        ("better-1.5", "admin", "admin", "It reads my 7s."),
        ("baseline", None, "command", ""),
    ]
    assert [each["until"] for each in promotions] == [None, promotions[0]["since"]]


def test_periods_are_contiguous_across_pages(admin_api: Client, better: ModelVersion) -> None:
    for name in ("better-1.5", "baseline", "better-1.5"):
        versions.promote_model(name, force=True)

    page = admin_api.get("/api/promotions?limit=2").json()
    pages = [page, admin_api.get(page["next"]).json()]

    assert [len(each["results"]) for each in pages] == [2, 2]
    promotions = [promotion for each in pages for promotion in each["results"]]
    assert [promotion["until"] for promotion in promotions] == [
        None,
        *(each["since"] for each in promotions[:-1]),
    ]
    assert pages[1]["next"] is None


def test_list_omits_details_of_images(admin_api: Client) -> None:
    sets = {"test": {"better": ["1"], "worse": ["2"]}}
    comparison = {"against": "baseline", "passed": True, "reason": "None got worse."}
    snapshot = {"images": 9, "by_label": {"7": 9}}
    heavy = {"corrected": {"1": "7"}, "since": {"model": "baseline", "images": ["1"]}}
    factories.create_version(snapshot=snapshot | heavy, comparison=comparison | {"sets": sets})

    summary = admin_api.get("/api/models").json()["results"][0]
    details = admin_api.get("/api/models/made").json()

    assert (summary["snapshot"], summary["comparison"]) == (snapshot, comparison)
    assert details["snapshot"] == snapshot | heavy
    assert details["comparison"] == comparison | {"sets": sets}
    assert set(summary) == set(details)


def test_list_includes_certificates(admin_api: Client) -> None:
    certificate = factories.build_certificate()
    factories.copy_bundled_model("certified", certificates=(certificate,))
    versions.register_model("certified")

    summary = admin_api.get("/api/models").json()["results"][0]

    assert summary["certificates"] == [asdict(certificate)]
