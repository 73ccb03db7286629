"""A full disk and damaged model folders lose nothing that was acknowledged."""

import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from mnistsite.tests.faults.site import BACK_WITHIN_S, LoadedSite, kill
from mnistsite.tests.site import wait_until

STEP_KB = 1024
DAMAGED_S = 1
PROMOTE_COPY = """
from classifier.registry import versions
from classifier.tests import factories
factories.copy_bundled_model("copied")
versions.register("copied")
versions.promote("copied")
"""


@pytest.fixture
def enlarge_disk(site: LoadedSite, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Move the uploads to a small file system in memory, which the yielded function enlarges."""
    media, aside = site.stack.folder / "media", tmp_path / "media"
    kilobytes = int(run("du", "-sk", str(media)).stdout.split()[0]) + STEP_KB
    run("cp", "-a", str(media), str(aside))
    mounted = run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(media))
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    run("cp", "-a", f"{aside}/.", str(media))

    def enlarge() -> None:
        nonlocal kilobytes
        kilobytes += STEP_KB
        run("mount", "-o", f"remount,size={kilobytes}k", str(media))

    yield enlarge
    run("cp", "-a", f"{media}/.", str(aside))
    run("umount", str(media))
    run("cp", "-a", f"{aside}/.", str(media))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_full_disk(site: LoadedSite, enlarge_disk: Callable[[], None]) -> None:
    def fill() -> None:
        refused = site.load.answers["507"]
        assert wait_until(lambda: site.load.answers["507"] > refused, BACK_WITHIN_S)
        enlarge_disk()

    site.suffer("disk of uploads full", 3, fill)


def test_damaged_model_folder(site: LoadedSite) -> None:
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

    site.suffer("file of the model damaged", 10, damage_a_file)
