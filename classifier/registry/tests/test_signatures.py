import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion
from classifier.recognition import model_folder
from classifier.recognition.model_folder import SIGNATURE, ArtifactError
from classifier.registry import serving, signatures, versions
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _required(settings: Settings) -> None:
    settings.REQUIRE_SIGNED_MODELS = True
    settings.MODEL_SIGNING_KEY = "the key of this site"


@pytest.fixture
def unsigned() -> Path:
    folder = factories.copy_bundled_model("other")
    (folder / SIGNATURE).unlink()
    return folder


def sign(folder: Path) -> str:
    signatures.sign_folder(folder)
    return signatures.read_signer(folder)


def test_bundled_model_is_signed_by_the_published_key() -> None:
    folder = django_settings.BUNDLED_MODELS_DIR / serving.BUNDLED
    assert signatures.check_signature(folder) == signatures.RELEASE_SIGNER
    page = django_settings.BASE_DIR / "docs/reference/model-folder.md"
    assert signatures.RELEASE_SIGNER in page.read_text()


def test_model_of_this_site_is_promoted_with_its_signer(unsigned: Path) -> None:
    signer = sign(unsigned)
    versions.promote_model("other")

    assert ModelVersion.objects.get(name="other").signer == signer
    assert serving.champion.get().version.name == "other"


def test_unsigned_model_is_refused(unsigned: Path, settings: Settings) -> None:
    with pytest.raises(ArtifactError, match="other is not signed"):
        versions.promote_model("other")

    settings.REQUIRE_SIGNED_MODELS = False
    versions.promote_model("other")
    assert ModelVersion.objects.get(name="other").signer == ""


def test_stranger_is_trusted_only_if_listed(unsigned: Path, settings: Settings) -> None:
    signer = sign(unsigned)
    settings.MODEL_SIGNING_KEY = "another key"
    with pytest.raises(ArtifactError, match=f"is signed by {signer}, which is not trusted"):
        versions.promote_model("other")

    settings.TRUSTED_MODEL_SIGNERS = [signer]
    versions.promote_model("other")


def change_manifest(folder: Path) -> None:
    manifest = model_folder.verify(folder)
    values = {"confidence": 0.0, "rejection": 1.0, "distance": 1e9}
    object.__setattr__(manifest, "thresholds", values)
    model_folder.write_manifest(folder, manifest)


def change_signer(folder: Path) -> None:
    content = json.loads((folder / SIGNATURE).read_text())
    content["signer"] = signatures.RELEASE_SIGNER
    (folder / SIGNATURE).write_text(json.dumps(content))


def damage_signature(folder: Path) -> None:
    (folder / SIGNATURE).write_text('{"signer": "00", "signature": []}')


@pytest.mark.parametrize("change", [change_manifest, change_signer, damage_signature])
def test_altered_model_is_refused(unsigned: Path, change: Any, settings: Settings) -> None:
    sign(unsigned)
    change(unsigned)
    with pytest.raises(ArtifactError, match="is not the signature of this model"):
        versions.promote_model("other")

    settings.REQUIRE_SIGNED_MODELS = False
    versions.promote_model("other")
    assert ModelVersion.objects.get(name="other").signer == ""


def test_replaced_champion_is_not_loaded(unsigned: Path) -> None:
    sign(unsigned)
    version = versions.promote_model("other")
    change_manifest(unsigned)
    checksum = model_folder.hash_file(unsigned / model_folder.MANIFEST)
    ModelVersion.objects.update(checksum=checksum)
    version.refresh_from_db()

    with pytest.raises(ArtifactError):
        serving.load_recognizer(version)


def test_api_shows_signer_and_digest(admin_api: Client) -> None:
    versions.promote_bundled_model()
    [model] = admin_api.get("/api/models").json()["results"]
    version = ModelVersion.objects.get()
    assert (model["signer"], model["digest"]) == (signatures.RELEASE_SIGNER, version.checksum)


def test_command_signs_a_model_from_elsewhere(unsigned: Path, settings: Settings) -> None:
    output = StringIO()
    call_command("sign_model", "other", stdout=output)
    assert signatures.read_signer(unsigned) in output.getvalue()
    versions.promote_model("other")

    settings.MODEL_SIGNING_KEY = ""
    with pytest.raises(CommandError, match="Set MODEL_SIGNING_KEY"):
        call_command("sign_model", "other")


def test_command_signs_without_a_database(unsigned: Path) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("No connection to PostgreSQL")

    with connection.execute_wrapper(fail):
        call_command("sign_model", "other", stdout=StringIO())
    assert signatures.read_signer(unsigned)


def test_command_refuses_a_damaged_model(unsigned: Path) -> None:
    (unsigned / "exemplars.npz").write_bytes(b"damaged")
    with pytest.raises(CommandError, match="damaged"):
        call_command("sign_model", "other")
