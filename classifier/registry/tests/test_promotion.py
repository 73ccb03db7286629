"""Registering, promoting and rolling back: one champion at most, and always the model it says."""

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

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_folders(db: None) -> None:
    factories.copy_bundled_model("first")
    factories.copy_bundled_model("second")


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("name", "state"))


def test_a_registered_model_is_a_candidate_with_what_its_manifest_says() -> None:
    folder = factories.copy_bundled_model(
        "third", metrics={"test": {"accuracy": 0.9}}, dataset={"images": 3}
    )

    version = versions.register("third")

    assert (version.name, version.state) == ("third", ModelState.CANDIDATE)
    assert version.metrics == {"test": {"accuracy": 0.9}}
    assert version.snapshot == {"images": 3}
    assert version.configuration == model_folder.read(folder).configuration
    assert version.checksum == model_folder.sha256(folder / model_folder.MANIFEST)


def test_registering_again_leaves_a_model_what_it_is() -> None:
    versions.promote("first")

    assert versions.register("first").state == ModelState.CHAMPION
    assert states() == {"first": ModelState.CHAMPION}


def test_a_folder_that_is_not_what_was_registered_is_refused() -> None:
    versions.register("first")
    folder = find_model_folder("first")
    (folder / model_folder.MANIFEST).unlink()
    model_folder.write_manifest(folder, manifest(name="first", metrics={"test": {"accuracy": 1}}))

    for use in (versions.register, versions.promote):
        with pytest.raises(RuleBroken, match="Give the new folder another name"):
            use("first")

    assert states() == {"first": ModelState.CANDIDATE}


def manifest(**values: Any) -> model_folder.Manifest:
    plain: dict[str, Any] = {"created_at": "", "configuration": {}, "dataset": {}}
    return model_folder.Manifest(**plain | {"thresholds": factories.build_thresholds()} | values)


def test_promoting_retires_the_champion_before() -> None:
    versions.promote("first")

    assert versions.promote("second").state == ModelState.CHAMPION
    assert states() == {"first": ModelState.RETIRED, "second": ModelState.CHAMPION}


def test_promoting_the_champion_again_changes_nothing() -> None:
    versions.promote("first")
    before = ModelVersion.objects.values().get()

    versions.promote("first")

    assert ModelVersion.objects.values().get() == before


def test_a_folder_that_cannot_be_used_leaves_the_champion_in_service() -> None:
    versions.promote("first")
    factories.flip_byte(find_model_folder("second") / model_folder.GRAPH)

    with pytest.raises(model_folder.DamagedArtifact):
        versions.promote("second")
    with pytest.raises(model_folder.MissingArtifact):
        versions.promote("third")

    assert states() == {"first": ModelState.CHAMPION}


def test_rolling_back_twice_undoes_it() -> None:
    versions.promote("first")
    versions.promote("second")

    assert versions.rollback().name == "first"
    assert states() == {"first": ModelState.CHAMPION, "second": ModelState.RETIRED}

    assert versions.rollback().name == "second"
    assert states() == {"first": ModelState.RETIRED, "second": ModelState.CHAMPION}


def test_rolling_back_goes_to_the_model_that_served_last_and_not_to_the_newest() -> None:
    factories.copy_bundled_model("third")
    for name in ("second", "third", "second", "first"):
        versions.promote(name)

    assert versions.rollback().name == "second"


@pytest.mark.parametrize("promoted", [[], ["first"]])
def test_there_is_no_going_back_without_an_earlier_champion(promoted: list[str]) -> None:
    versions.register("second")  # a candidate that never served
    for name in promoted:
        versions.promote(name)

    with pytest.raises(RuleBroken, match="no earlier champion"):
        versions.rollback()


def test_the_bundled_model_serves_where_nothing_else_does() -> None:
    assert versions.promote_bundled().name == "baseline"
    assert states() == {"baseline": ModelState.CHAMPION}

    versions.promote("first")

    assert versions.promote_bundled().name == "first"


def test_a_new_bundled_model_takes_over_and_the_earlier_one_keeps_its_record() -> None:
    earlier = versions.promote_bundled()
    ModelVersion.objects.filter(pk=earlier.pk).update(checksum="0123456789" * 6 + "abcd")

    now = versions.promote_bundled()

    assert now.pk != earlier.pk
    assert states() == {
        "baseline": ModelState.CHAMPION,
        "baseline-01234567": ModelState.RETIRED,
    }


def history() -> list[tuple[str, str | None, str, str]]:
    fields = ("model__name", "by__username", "via", "reason")
    return list(Promotion.objects.order_by("id").values_list(*fields))


def test_a_promotion_keeps_who_through_what_and_why(admin_user: User) -> None:
    versions.promote("first")
    versions.promote("second", by=admin_user, via=Via.ADMIN, reason="It reads my 7s.")
    versions.rollback(by=admin_user, via=Via.API)
    versions.rollback(reason="It was not the model.")

    assert history() == [
        ("first", None, "command", ""),
        ("second", "admin", "admin", "It reads my 7s."),
        ("first", "admin", "api", "Rolled back."),
        ("second", None, "command", "It was not the model."),
    ]


def test_a_champion_that_is_promoted_again_is_not_on_record_twice() -> None:
    versions.promote("first")
    versions.promote("first", reason="again")

    assert history() == [("first", None, "command", "")]


def test_a_reason_that_is_too_long_promotes_nothing() -> None:
    with pytest.raises(RuleBroken, match="longer than 500 characters"):
        versions.promote("first", reason="x" * 501)

    versions.promote("first", reason="x" * 500)
    assert [reason for *_, reason in history()] == ["x" * 500]


def test_a_rejected_model_serves_only_if_it_is_forced() -> None:
    versions.register("first", {"passed": False, "reason": "Two images got worse."})

    with pytest.raises(versions.Rejected, match=r"Two images got worse\. .* --force"):
        versions.promote("first")
    assert (states(), history()) == ({"first": ModelState.REJECTED}, [])

    assert versions.promote("first", force=True).state == ModelState.CHAMPION


def test_a_candidate_that_passed_is_not_rejected() -> None:
    comparison = {"passed": True, "reason": "Two images got better."}

    assert versions.register("first", comparison).state == ModelState.CANDIDATE


def test_the_timeline_tells_what_was_live_when_without_a_gap() -> None:
    for name in ("first", "second", "first"):
        versions.promote(name)

    timeline = versions.list_serving_periods()

    assert [reign.promotion.model.name for reign in timeline] == ["first", "second", "first"]
    starts = [reign.promotion.at for reign in timeline]
    assert [reign.until for reign in timeline] == [None, *starts[:-1]]
    assert sorted(starts, reverse=True) == starts


def test_the_models_that_learnt_an_upload_are_found_newest_first() -> None:
    image, other = factories.create_image(), factories.create_image()
    for name, learnt in (("a", image), ("b", other), ("c", image)):
        factories.create_version(name=name, snapshot={"corrected": {str(learnt.pk): "7"}})

    assert [version.name for version in versions.list_trained_on(image)] == ["c", "a"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [[], ["first"]], ids=["the first ever", "after another"])
def test_two_promotions_at_once_leave_one_champion_and_a_history_that_agrees(
    before: list[str],
) -> None:
    factories.copy_bundled_model("third")
    for name in before:
        versions.promote(name)

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE promotions IN EXCLUSIVE MODE")
            promoted = [pool.submit(promote_elsewhere, name) for name in ("second", "third")]
            while count_waiting_connections() < 2 and not any(each.done() for each in promoted):
                pass  # until both have got as far as they can
        for each in promoted:
            each.result()

    names = [name for name, *_ in history()]
    assert sorted(names) == [*before, "second", "third"]
    champion = ModelVersion.objects.get(state=ModelState.CHAMPION)
    assert champion.name == names[-1]
    assert [reign.promotion.model.name for reign in versions.list_serving_periods()] == names[::-1]


def promote_elsewhere(name: str) -> None:
    try:
        versions.promote(name)
    finally:
        connection.close()
