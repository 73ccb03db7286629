"""A full disk and damaged model folders lose nothing that was acknowledged."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path

import pytest

from mnistsite.tests.faults.site import BACK_WITHIN_S, LoadedSite, kill
from mnistsite.tests.production.requests import post_picture
from mnistsite.tests.site import wait_until

STEP_KB = 1024
SEGMENT_KB = 24 * 1024  # one and a half segments of PostgreSQL's log
DAMAGED_S = 1
PROMOTE_COPY = """
from classifier.registry import versions
from classifier.tests import factories
factories.copy_bundled_model("copied")
versions.register_model("copied")
versions.promote_model("copied")
"""


@contextmanager
def small_disk(folder: Path, aside: Path, step_kb: int) -> Iterator[Callable[[], None]]:
    """Move a folder to a file system in memory with little space; yield what enlarges it."""
    kilobytes = int(run("du", "-sk", str(folder)).stdout.split()[0]) + step_kb
    run("cp", "-a", str(folder), str(aside))
    mounted = run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    run("cp", "-a", f"{aside}/.", str(folder))

    def enlarge() -> None:
        nonlocal kilobytes
        kilobytes += step_kb
        run("mount", "-o", f"remount,size={kilobytes}k", str(folder))

    try:
        yield enlarge
    finally:
        run("cp", "-a", f"{folder}/.", str(aside))
        run("umount", str(folder))
        run("cp", "-a", f"{aside}/.", str(folder))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_full_disk_of_uploads_loses_nothing(site: LoadedSite, tmp_path: Path) -> None:
    with small_disk(site.stack.folder / "media", tmp_path / "media", STEP_KB) as enlarge:

        def fill() -> None:
            refused = site.load.answers["507"]
            assert wait_until(lambda: site.load.answers["507"] > refused, BACK_WITHIN_S)
            enlarge()

        site.cause_fault("disk of uploads full", 3, fill)


@pytest.mark.parametrize(
    ("folder", "contents", "step_kb", "code"),
    [("base", "rows", STEP_KB, "database_full"), ("pg_wal", "log", SEGMENT_KB, "no_database")],
)
def test_full_disk_of_the_database_loses_nothing(
    site: LoadedSite, tmp_path: Path, folder: str, contents: str, step_kb: int, code: str
) -> None:
    """The server refuses rows without space for them, and crashes without space for its log."""
    path = site.stack.folder / "postgres" / folder

    def is_refused() -> bool:
        if folder == "pg_wal":
            site.fill_log_segment()
        response = post_picture(site.production.port, site.load.picture)
        if response.status == 200:
            site.load.uploads.add(response.json["id"])
            return False
        assert int(response.headers["Retry-After"]) > 0
        return bool(response.json["code"] == code)

    site.stop_database(signal.SIGINT)
    with ExitStack() as stack:
        stack.callback(site.start_database)
        enlarge = stack.enter_context(small_disk(path, tmp_path / folder, step_kb))
        stack.callback(site.stop_database, signal.SIGINT)
        site.start_database()

        def fill() -> None:
            assert wait_until(is_refused, BACK_WITHIN_S)
            enlarge()
            site.start_database()

        site.cause_fault(f"disk of PostgreSQL’s {contents}", 2, fill)


def test_damaged_model_folder_loses_nothing(site: LoadedSite) -> None:
    """A process that starts meanwhile does not serve the model, and the others go on serving."""
    completed = site.stack.run("manage.py", "shell", "--command", PROMOTE_COPY)
    assert completed.returncode == 0, completed.stderr
    folder = site.stack.folder / "models/copied"
    files = cycle(sorted(folder.iterdir()))
    damages = cycle([lambda data: data[: len(data) // 2], lambda data: bytes(len(data)), None])

    def damage_a_file() -> None:
        path, damage = next(files), next(damages)
        data = path.read_bytes()
        if damage:
            path.write_bytes(damage(data))
        else:
            path.unlink()
        kill(site.choose_web_process())
        time.sleep(DAMAGED_S)
        path.write_bytes(data)

    site.cause_fault("file of the model damaged", 10, damage_a_file)
