from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from classifier.errors import RuleBroken
from classifier.models import ModelState, ModelVersion, Promotion, Via
from classifier.recognition import model_folder
from classifier.registry import versions
from classifier.registry.serving import find_model_folder
from classifier.tests import factories
from classifier.tests.database import count_waiting_connections
from classifier.tests.threads import run_in_thread

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_folders(db: None) -> None:
    factories.copy_bundled_model("first")
    factories.copy_bundled_model("second")


def list_states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("name", "state"))


def test_registered_model_is_a_candidate_with_its_manifests_values() -> None:
    folder = factories.copy_bundled_model(
        "third", metrics={"test": {"accuracy": 0.9}}, dataset={"images": 3}
    )

    version = versions.register_model("third")

    assert (version.name, version.state) == ("third", ModelState.CANDIDATE)
    assert version.metrics == {"test": {"accuracy": 0.9}}
    assert version.snapshot == {"images": 3}
    assert version.configuration == model_folder.verify(folder).configuration
    assert version.checksum == model_folder.hash_file(folder / model_folder.MANIFEST)


def test_registering_again_keeps_the_state() -> None:
    versions.promote_model("first")

    assert versions.register_model("first").state == ModelState.CHAMPION
    assert list_states() == {"first": ModelState.CHAMPION}


def test_changed_folder_is_refused() -> None:
    versions.register_model("first")
    folder = find_model_folder("first")
    (folder / model_folder.MANIFEST).unlink()
    model_folder.write_manifest(
        folder, build_manifest(name="first", metrics={"test": {"accuracy": 1}})
    )

    for use in (versions.register_model, versions.promote_model):
        with pytest.raises(RuleBroken, match="Give the new folder another name"):
            use("first")

    assert list_states() == {"first": ModelState.CANDIDATE}


def build_manifest(**values: Any) -> model_folder.Manifest:
    plain: dict[str, Any] = {"created_at": "", "configuration": {}, "dataset": {}}
    return model_folder.Manifest(**plain | {"thresholds": factories.build_thresholds()} | values)


def test_promotion_retires_the_previous_champion() -> None:
    versions.promote_model("first")

    assert versions.promote_model("second").state == ModelState.CHAMPION
    assert list_states() == {"first": ModelState.RETIRED, "second": ModelState.CHAMPION}


def test_promoting_the_champion_changes_nothing() -> None:
    versions.promote_model("first")
    before = ModelVersion.objects.values().get()

    versions.promote_model("first", reason="again")

    assert ModelVersion.objects.values().get() == before
    assert list_promotions() == [("first", None, "command", "")]


def test_unusable_folder_leaves_the_champion_in_service() -> None:
    versions.promote_model("first")
    factories.flip_byte(find_model_folder("second") / model_folder.GRAPH)

    with pytest.raises(model_folder.ArtifactError):
        versions.promote_model("second")
    with pytest.raises(model_folder.ArtifactError):
        versions.promote_model("third")

    assert list_states() == {"first": ModelState.CHAMPION}


def test_second_rollback_undoes_the_first() -> None:
    versions.promote_model("first")
    versions.promote_model("second")

    assert versions.roll_back().name == "first"
    assert list_states() == {"first": ModelState.CHAMPION, "second": ModelState.RETIRED}

    assert versions.roll_back().name == "second"
    assert list_states() == {"first": ModelState.RETIRED, "second": ModelState.CHAMPION}


def test_rollback_promotes_the_model_that_served_last() -> None:
    factories.copy_bundled_model("third")
    for name in ("second", "third", "second", "first"):
        versions.promote_model(name)

    assert versions.roll_back().name == "second"


@pytest.mark.parametrize("promoted", [[], ["first"]])
def test_rollback_without_an_earlier_champion_is_refused(promoted: list[str]) -> None:
    versions.register_model("second")
    for name in promoted:
        versions.promote_model(name)

    with pytest.raises(RuleBroken, match="no earlier champion"):
        versions.roll_back()


def test_bundled_model_serves_if_no_other_does() -> None:
    assert versions.promote_bundled_model().name == "baseline"
    assert list_states() == {"baseline": ModelState.CHAMPION}

    versions.promote_model("first")

    assert versions.promote_bundled_model().name == "first"


def test_new_bundled_model_replaces_the_earlier_one_and_keeps_its_record() -> None:
    earlier = versions.promote_bundled_model()
    ModelVersion.objects.filter(pk=earlier.pk).update(checksum="0123456789" * 6 + "abcd")

    now = versions.promote_bundled_model()

    assert now.pk != earlier.pk
    assert list_states() == {
        "baseline": ModelState.CHAMPION,
        "baseline-01234567": ModelState.RETIRED,
    }


def list_promotions() -> list[tuple[str, str | None, str, str]]:
    fields = ("model__name", "by__username", "via", "reason")
    return list(Promotion.objects.order_by("id").values_list(*fields))


def test_promotion_records_user_channel_and_reason(admin_user: User) -> None:
    versions.promote_model("first")
    versions.promote_model("second", by=admin_user, via=Via.ADMIN, reason="It reads my 7s.")
    versions.roll_back(by=admin_user, via=Via.API)
    versions.roll_back(reason="It was not the model.")

    assert list_promotions() == [
        ("first", None, "command", ""),
        ("second", "admin", "admin", "It reads my 7s."),
        ("first", "admin", "api", "Rolled back."),
        ("second", None, "command", "It was not the model."),
    ]


def test_too_long_reason_promotes_nothing() -> None:
    with pytest.raises(RuleBroken, match="longer than 500 characters"):
        versions.promote_model("first", reason="x" * 501)

    versions.promote_model("first", reason="x" * 500)
    assert [reason for *_, reason in list_promotions()] == ["x" * 500]


def test_rejected_model_is_promoted_only_by_force() -> None:
    versions.register_model("first", {"passed": False, "reason": "Two images got worse."})

    with pytest.raises(versions.Rejected, match=r"Two images got worse\. .* --force"):
        versions.promote_model("first")
    assert (list_states(), list_promotions()) == ({"first": ModelState.REJECTED}, [])

    assert versions.promote_model("first", force=True).state == ModelState.CHAMPION


def test_model_that_passed_the_gate_is_a_candidate() -> None:
    comparison = {"passed": True, "reason": "Two images got better."}

    assert versions.register_model("first", comparison).state == ModelState.CANDIDATE


def test_serving_periods_follow_each_other_without_a_gap() -> None:
    for name in ("first", "second", "first"):
        versions.promote_model(name)

    periods = list(versions.list_serving_periods())

    assert [period.model.name for period in periods] == ["first", "second", "first"]
    starts = [period.at for period in periods]
    assert [period.until for period in periods] == [None, *starts[:-1]]
    assert sorted(starts, reverse=True) == starts


def test_models_trained_on_an_upload_are_listed_newest_first() -> None:
    image, other = factories.create_image(), factories.create_image()
    for name, upload in (("a", image), ("b", other), ("c", image)):
        factories.create_version(name=name, snapshot={"corrected": {str(upload.pk): "7"}})

    assert [version.name for version in versions.list_trained_on(image)] == ["c", "a"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [[], ["first"]], ids=["the first ever", "after another"])
def test_concurrent_promotions_leave_one_champion(before: list[str]) -> None:
    factories.copy_bundled_model("third")
    for name in before:
        versions.promote_model(name)

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE promotions IN EXCLUSIVE MODE")
            promoted = [
                pool.submit(run_in_thread, versions.promote_model, name)
                for name in ("second", "third")
            ]
            while count_waiting_connections() < 2 and not any(each.done() for each in promoted):
                pass  # both wait for the lock
        for each in promoted:
            each.result()

    names = [name for name, *_ in list_promotions()]
    assert sorted(names) == [*before, "second", "third"]
    champion = ModelVersion.objects.get(state=ModelState.CHAMPION)
    assert champion.name == names[-1]
    assert [period.model.name for period in versions.list_serving_periods()] == names[::-1]
