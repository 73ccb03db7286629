"""Training, promoting and rolling back through the API, each by whom it is given to."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from classifier.models import ModelState, ModelVersion, Promotion, RunState, TrainingRun, Via
from classifier.registry import runs, versions
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def better(champion: ModelVersion) -> ModelVersion:
    """A candidate beside the bundled model."""
    factories.copy_bundled_model("better-1.5")
    return versions.register("better-1.5")


def post(client: Client, address: str, body: Any = None, **headers: str) -> Any:
    return client.post(address, body or {}, content_type="application/json", headers=headers)


def refused(response: Any) -> tuple[int, str]:
    answer = response.json()
    assert answer["detail"]
    return response.status_code, answer["code"]


def serving() -> str:
    return ModelVersion.objects.get(state=ModelState.CHAMPION).name


def test_a_run_is_asked_for_and_followed(
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


def test_fine_tuning_is_what_is_meant_unless_said_otherwise(
    admin_api: Client, champion: ModelVersion
) -> None:
    assert refused(post(admin_api, "/api/runs")) == (409, "nothing_new")
    assert not TrainingRun.objects.exists()

    assert post(admin_api, "/api/runs", {"force": True}).json()["fine_tune"]


def test_a_second_run_is_refused(admin_api: Client) -> None:
    assert post(admin_api, "/api/runs", {"fine_tune": False}).status_code == 201

    assert refused(post(admin_api, "/api/runs", {"fine_tune": False})) == (409, "already_training")
    assert TrainingRun.objects.count() == 1


def test_fine_tuning_without_a_champion_is_refused(admin_api: Client) -> None:
    assert refused(post(admin_api, "/api/runs")) == (400, "invalid")


@pytest.mark.parametrize("body", [{"fine_tune": "perhaps"}, {"force": None}, [1]])
def test_a_wish_that_makes_no_sense_is_refused(admin_api: Client, body: Any) -> None:
    assert refused(post(admin_api, "/api/runs", body)) == (400, "invalid")
    assert not TrainingRun.objects.exists()


def test_a_run_is_cancelled_once(admin_api: Client) -> None:
    run = runs.queue_run(None, fine_tune=False)

    response = post(admin_api, f"/api/runs/{run.pk}/cancel")

    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    assert refused(post(admin_api, f"/api/runs/{run.pk}/cancel")) == (409, "run_ended")


@pytest.mark.parametrize("run", ["999", "x", "99999999999999999999"])
def test_a_run_that_does_not_exist_is_not_found(admin_api: Client, run: str) -> None:
    assert admin_api.get(f"/api/runs/{run}").status_code == 404
    assert post(admin_api, f"/api/runs/{run}/cancel").status_code == 404


def test_a_run_whose_process_was_killed_has_failed(admin_api: Client) -> None:
    then = timezone.now() - timedelta(minutes=1)
    started = {"state": RunState.RUNNING, "started_at": then, "heartbeat_at": then}
    run = TrainingRun.objects.create(**started)

    assert admin_api.get(f"/api/runs/{run.pk}").json()["state"] == "failed"


def test_a_model_is_promoted_with_a_reason_on_record(
    admin_api: Client, better: ModelVersion, admin_user: User
) -> None:
    response = post(admin_api, "/api/models/better-1.5/promote", {"reason": "It reads my 7s."})

    assert response.status_code == 200
    assert (response.json()["name"], response.json()["state"]) == ("better-1.5", "champion")
    newest = Promotion.objects.order_by("-id")[0]
    assert (newest.by, newest.via, newest.reason) == (admin_user, Via.API, "It reads my 7s.")


def test_rolling_back_goes_to_the_model_before(
    admin_api: Client, better: ModelVersion, admin_user: User
) -> None:
    assert refused(post(admin_api, "/api/promotions/rollback")) == (409, "no_earlier_champion")
    versions.promote("better-1.5")

    response = post(admin_api, "/api/promotions/rollback", {"reason": "It reads no 7s."})

    assert (response.status_code, response.json()["name"]) == (200, "baseline")
    newest = Promotion.objects.order_by("-id")[0]
    assert (newest.by, newest.via, newest.reason) == (admin_user, Via.API, "It reads no 7s.")


def test_a_rejected_model_is_not_promoted(admin_api: Client, champion: ModelVersion) -> None:
    factories.copy_bundled_model("worse")
    versions.register("worse", {"passed": False, "reason": "Two images got worse."})

    response = post(admin_api, "/api/models/worse/promote")

    assert refused(response) == (409, "rejected")
    assert "Two images got worse." in response.json()["detail"]
    assert serving() == "baseline"


@pytest.mark.parametrize("name", ["nowhere", "..", "baseline%2F..", "better-1.6"])
def test_a_model_that_is_not_on_record_is_not_found(
    admin_api: Client, better: ModelVersion, name: str
) -> None:
    factories.copy_bundled_model("better-1.6")  # a folder that nobody has registered

    assert admin_api.get(f"/api/models/{name}").status_code == 404
    assert post(admin_api, f"/api/models/{name}/promote").status_code == 404
    assert serving() == "baseline"


def test_a_model_whose_folder_is_gone_is_not_promoted(
    admin_api: Client, champion: ModelVersion
) -> None:
    factories.create_version(name="gone")

    assert refused(post(admin_api, "/api/models/gone/promote")) == (409, "unusable_model")
    assert serving() == "baseline"


@pytest.mark.parametrize("reason", ["x" * 501, None, "a\0b", ["why"]])
def test_a_reason_that_cannot_be_kept_promotes_nothing(
    admin_api: Client, better: ModelVersion, reason: Any
) -> None:
    response = post(admin_api, "/api/models/better-1.5/promote", {"reason": reason})

    assert refused(response) == (400, "invalid")
    assert response.json()["detail"].startswith("reason: ")
    assert serving() == "baseline"


def test_the_timeline_tells_what_was_live_when(
    admin_api: Client, better: ModelVersion, admin_user: User
) -> None:
    versions.promote("better-1.5", by=admin_user, via=Via.ADMIN, reason="It reads my 7s.")

    told = admin_api.get("/api/promotions").json()["results"]

    assert [(each["model"], each["by"], each["via"], each["reason"]) for each in told] == [
        ("better-1.5", "admin", "admin", "It reads my 7s."),
        ("baseline", None, "command", ""),
    ]
    assert [each["until"] for each in told] == [None, told[0]["since"]]


def test_on_any_page_of_the_timeline_each_reign_ends_where_the_next_one_begins(
    admin_api: Client, better: ModelVersion
) -> None:
    for name in ("better-1.5", "baseline", "better-1.5"):
        versions.promote(name, force=True)

    page = admin_api.get("/api/promotions?limit=2").json()
    pages = [page, admin_api.get(page["next"]).json()]

    assert [len(each["results"]) for each in pages] == [2, 2]
    told = [reign for each in pages for reign in each["results"]]
    assert [reign["until"] for reign in told] == [None, *(each["since"] for each in told[:-1])]
    assert pages[1]["next"] is None


def test_the_list_of_models_leaves_out_what_names_each_image(admin_api: Client) -> None:
    sets = {"test": {"better": ["1"], "worse": ["2"]}}
    comparison = {"against": "baseline", "passed": True, "reason": "None got worse."}
    snapshot = {"images": 9, "by_label": {"7": 9}}
    heavy = {"corrected": {"1": "7"}, "since": {"model": "baseline", "images": ["1"]}}
    factories.create_version(snapshot=snapshot | heavy, comparison=comparison | {"sets": sets})

    listed = admin_api.get("/api/models").json()["results"][0]
    alone = admin_api.get("/api/models/made").json()

    assert (listed["snapshot"], listed["comparison"]) == (snapshot, comparison)
    assert alone["snapshot"] == snapshot | heavy
    assert alone["comparison"] == comparison | {"sets": sets}
    assert set(listed) == set(alone)


def test_certificates_of_a_model_are_listed(admin_api: Client) -> None:
    certificate = factories.build_certificate()
    factories.copy_bundled_model("certified", certificates=(certificate,))
    versions.register("certified")

    listed = admin_api.get("/api/models").json()["results"][0]

    assert listed["certificates"] == [certificate.to_json()]


TRAINING = ["/api/runs", "/api/runs/{run}/cancel"]
SERVING = ["/api/models/better-1.5/promote", "/api/promotions/rollback"]
LOOKING = ["/api/runs/{run}", "/api/models/baseline", "/api/promotions"]


@pytest.mark.parametrize("address", [*TRAINING, *SERVING, *LOOKING])
@pytest.mark.parametrize("who", ["nobody", "outsider", "labeller"])
def test_who_does_not_have_the_right_gets_nowhere(
    client: Client, better: ModelVersion, outsider: User, labeller: User, who: str, address: str
) -> None:
    run = runs.queue_run(None, fine_tune=False)
    user = {"outsider": outsider, "labeller": labeller}.get(who)
    headers = factories.create_token_header(user) if user else {}
    ask = client.get if address in LOOKING else client.post

    response = ask(address.format(run=run.pk), headers=headers)

    expected = (403, "permission_denied") if user else (401, "not_authenticated")
    assert refused(response) == expected
    run.refresh_from_db()
    assert (run.state, serving(), TrainingRun.objects.count()) == ("queued", "baseline", 1)


@pytest.mark.parametrize(
    ("right", "allowed", "forbidden"),
    [
        ("start_trainingrun", TRAINING, SERVING),
        ("promote_modelversion", SERVING, TRAINING),
    ],
)
def test_training_and_promoting_are_rights_of_their_own(
    client: Client,
    better: ModelVersion,
    labeller: User,
    right: str,
    allowed: list[str],
    forbidden: list[str],
) -> None:
    labeller.user_permissions.add(Permission.objects.get(codename=right))
    headers = factories.create_token_header(labeller)
    run = runs.queue_run(None, fine_tune=False)

    def status(address: str) -> int:
        return int(post(client, address.format(run=run.pk), **headers).status_code)

    assert [status(address) for address in forbidden] == [403, 403]
    assert 403 not in [status(address) for address in allowed]
