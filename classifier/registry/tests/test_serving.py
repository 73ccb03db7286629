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

from classifier.models import InputImage, ModelState, ModelVersion, refreshed
from classifier.recognition import model_folder
from classifier.registry import serving, versions
from classifier.registry.serving import ChampionCache, NoModel
from classifier.tests import factories
from classifier.uploads import answers


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(refreshed, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@pytest.fixture
def champion_one(db: None) -> None:
    factories.copy_bundled_model("one")
    factories.copy_bundled_model("other")
    versions.promote_model("one")


def list_names(served: serving.ServedModel) -> tuple[str, str]:
    """Return the name of the registered model and of the loaded one."""
    return served.version.name, served.recognizer.name


@pytest.mark.django_db
def test_candidate_is_not_served() -> None:
    versions.register_model("baseline")

    with pytest.raises(NoModel, match="promote NAME"):
        ChampionCache().get()


def test_promoted_model_is_served_a_second_later(
    champion_one: None, clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    process = ChampionCache()
    assert list_names(process.get()) == ("one", "one")

    versions.promote_model("other")
    with django_assert_num_queries(0):
        assert list_names(process.get()) == ("one", "one")

    clock.now += refreshed.REFRESH_EVERY_S + 0.001
    assert list_names(process.get()) == ("other", "other")


def test_serving_reads_no_snapshot(champion_one: None) -> None:
    image = factories.create_image()
    factories.create_prediction(image, ModelVersion.objects.get(name="one"))
    assert image.upload

    with CaptureQueriesContext(connection) as queries:
        ChampionCache().get()
        answers.load_answer(image.upload)
        list(InputImage.objects.with_predictions())

    assert any("model_versions" in query["sql"] for query in queries)
    assert not [query for query in queries if "snapshot" in query["sql"]]


def test_unchanged_champion_is_loaded_once(champion_one: None, clock: Clock) -> None:
    process = ChampionCache()
    before = process.get()

    clock.now += refreshed.REFRESH_EVERY_S + 0.001

    assert process.get() is before


def test_previous_champion_serves_while_the_new_ones_folder_is_damaged(
    champion_one: None, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    process = ChampionCache()
    process.get()
    versions.promote_model("other")
    graph = serving.find_model_folder("other") / model_folder.GRAPH
    factories.flip_byte(graph)

    clock.now += refreshed.REFRESH_EVERY_S + 0.001
    assert list_names(process.get()) == ("one", "one")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert str(graph) in caplog.text

    factories.flip_byte(graph)
    clock.now += refreshed.REFRESH_EVERY_S + 0.001
    assert list_names(process.get()) == ("other", "other")


def test_new_process_has_no_model_if_the_champions_folder_is_damaged(champion_one: None) -> None:
    factories.flip_byte(serving.find_model_folder("one") / model_folder.GRAPH)

    with pytest.raises(NoModel, match="checksum"):
        ChampionCache().get()


def test_retired_model_is_no_longer_served(champion_one: None, clock: Clock) -> None:
    process = ChampionCache()
    process.get()
    ModelVersion.objects.update(state=ModelState.RETIRED)

    clock.now += refreshed.REFRESH_EVERY_S + 0.001

    with pytest.raises(NoModel):
        process.get()


def test_folder_in_models_dir_precedes_the_bundled_one() -> None:
    bundled = settings.BUNDLED_MODELS_DIR / "baseline"
    assert serving.find_model_folder("baseline") == bundled

    shutil.copytree(bundled, settings.MODELS_DIR / "baseline")

    assert serving.find_model_folder("baseline") == settings.MODELS_DIR / "baseline"


IMPORT_WEB_PROCESS = """
import sys
import mnistsite.wsgi, mnistsite.urls
import classifier.web.urls, classifier.api.urls, classifier.admin, classifier.tasks
print({"tensorflow", "keras", "matplotlib", "wandb"} & set(sys.modules))
"""


@pytest.mark.slow
def test_web_process_imports_no_training_library() -> None:
    command = [sys.executable, "-c", IMPORT_WEB_PROCESS]
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | {"SECRET_KEY": "only for tests"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr
