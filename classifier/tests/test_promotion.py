"""Registering, promoting and rolling back: one champion at most, and always the model it says."""

from typing import Any

import pytest

from classifier import artifact
from classifier.models import ModelState, ModelVersion
from classifier.services import RuleBroken, versions
from classifier.serving import model_folder
from classifier.tests import made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_folders(db: None) -> None:
    made.model_folder("first")
    made.model_folder("second")


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("name", "state"))


def test_a_registered_model_is_a_candidate_with_what_its_manifest_says() -> None:
    folder = made.model_folder("third", metrics={"test": {"accuracy": 0.9}}, dataset={"images": 3})

    version = versions.register("third")

    assert (version.name, version.state) == ("third", ModelState.CANDIDATE)
    assert version.metrics == {"test": {"accuracy": 0.9}}
    assert version.snapshot == {"images": 3}
    assert version.configuration == artifact.read(folder).configuration
    assert version.checksum == artifact.sha256(folder / artifact.MANIFEST)


def test_registering_again_leaves_a_model_what_it_is() -> None:
    versions.promote("first")

    assert versions.register("first").state == ModelState.CHAMPION
    assert states() == {"first": ModelState.CHAMPION}


def test_a_folder_that_is_not_what_was_registered_is_refused() -> None:
    versions.register("first")
    folder = model_folder("first")
    (folder / artifact.MANIFEST).unlink()
    artifact.write_manifest(folder, manifest(name="first", metrics={"test": {"accuracy": 1}}))

    for use in (versions.register, versions.promote):
        with pytest.raises(RuleBroken, match="Give the new folder another name"):
            use("first")

    assert states() == {"first": ModelState.CANDIDATE}


def manifest(**values: Any) -> artifact.Manifest:
    plain: dict[str, Any] = {"created_at": "", "configuration": {}, "dataset": {}}
    return artifact.Manifest(**plain | {"thresholds": made.thresholds()} | values)


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
    made.flip_a_byte(model_folder("second") / artifact.GRAPH)

    with pytest.raises(artifact.DamagedArtifact):
        versions.promote("second")
    with pytest.raises(artifact.MissingArtifact):
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
    made.model_folder("third")
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
