"""Which model a web process serves, how it takes up another, and what it never imports."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import DjangoAssertNumQueries

from classifier.models import InputImage, ModelState, ModelVersion
from classifier.recognition import model_folder
from classifier.registry import serving, versions
from classifier.registry.serving import CHECK_EVERY_S, ChampionCache, NoModel
from classifier.tests import factories
from classifier.uploads import answers


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(serving, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@pytest.fixture
def champion_one(db: None) -> None:
    factories.copy_bundled_model("one")
    factories.copy_bundled_model("other")
    versions.promote("one")


def names(served: serving.ServedModel) -> tuple[str, str]:
    """On record and in its manifest, which must be one model."""
    return served.version.name, served.recognizer.name


@pytest.mark.django_db
def test_without_a_champion_there_is_no_model() -> None:
    versions.register("baseline")  # a candidate does not serve

    with pytest.raises(NoModel, match="promote NAME"):
        ChampionCache().get()


def test_a_promoted_model_is_taken_up_a_second_later(
    champion_one: None, clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    process = ChampionCache()
    assert names(process.get()) == ("one", "one")

    versions.promote("other")
    with django_assert_num_queries(0):
        assert names(process.get()) == ("one", "one")

    clock.now += CHECK_EVERY_S + 0.001
    assert names(process.get()) == ("other", "other")


def test_serving_never_reads_what_names_each_image_that_a_model_learnt(champion_one: None) -> None:
    image = factories.create_image()
    factories.create_prediction(image, ModelVersion.objects.get(name="one"))
    assert image.upload

    with CaptureQueriesContext(connection) as queries:
        ChampionCache().get()
        answers.of_upload(image.upload)
        list(InputImage.objects.with_predictions())

    assert any("model_versions" in query["sql"] for query in queries)
    assert not [query for query in queries if "snapshot" in query["sql"]]


def test_a_champion_that_stays_is_loaded_once(champion_one: None, clock: Clock) -> None:
    process = ChampionCache()
    before = process.get()

    clock.now += CHECK_EVERY_S + 0.001

    assert process.get() is before


def test_a_champion_whose_folder_is_damaged_keeps_the_old_one_serving_until_it_is_repaired(
    champion_one: None, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    process = ChampionCache()
    process.get()
    versions.promote("other")
    graph = serving.find_model_folder("other") / model_folder.GRAPH
    factories.flip_byte(graph)

    clock.now += CHECK_EVERY_S + 0.001
    assert names(process.get()) == ("one", "one")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert str(graph) in caplog.text

    factories.flip_byte(graph)
    clock.now += CHECK_EVERY_S + 0.001
    assert names(process.get()) == ("other", "other")


def test_a_process_that_starts_on_a_damaged_champion_has_no_model(champion_one: None) -> None:
    factories.flip_byte(serving.find_model_folder("one") / model_folder.GRAPH)

    with pytest.raises(NoModel, match="checksum"):
        ChampionCache().get()


def test_a_champion_that_was_taken_off_the_record_serves_no_more(
    champion_one: None, clock: Clock
) -> None:
    process = ChampionCache()
    process.get()
    ModelVersion.objects.update(state=ModelState.RETIRED)

    clock.now += CHECK_EVERY_S + 0.001

    with pytest.raises(NoModel):
        process.get()


def test_a_folder_in_models_dir_goes_before_the_bundled_one() -> None:
    bundled = settings.BUNDLED_MODELS_DIR / "baseline"
    assert serving.find_model_folder("baseline") == bundled

    shutil.copytree(bundled, settings.MODELS_DIR / "baseline")

    assert serving.find_model_folder("baseline") == settings.MODELS_DIR / "baseline"


IMPORT_ALL_THAT_SERVES = """
import sys
import mnistsite.wsgi, mnistsite.urls
import classifier.urls, classifier.api.urls, classifier.admin, classifier.tasks
print({"tensorflow", "keras", "matplotlib", "wandb"} & set(sys.modules))
"""


def test_the_web_process_never_imports_what_only_training_needs() -> None:
    command = [sys.executable, "-c", IMPORT_ALL_THAT_SERVES]
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | {"SECRET_KEY": "only for tests"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr
