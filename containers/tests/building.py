"""The images as buildah makes them, on a base that debootstrap makes: no registry is asked."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

DOCKERFILE = settings.BASE_DIR / "Dockerfile"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
# As in Debian's slim images.
SUPERFLUOUS = (
    *("var/cache/apt", "var/lib/apt/lists"),
    *("usr/share/doc", "usr/share/man", "usr/share/locale"),
)


@dataclass(frozen=True)
class Buildah:
    """Keeps all that it makes in one folder."""

    folder: Path

    def __call__(self, *arguments: str) -> str:
        places = ("--root", str(self.folder / "images"), "--runroot", str(self.folder / "run"))
        command = ["buildah", "--storage-driver", "overlay", *places, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def mounted(self, image: str) -> Path:
        return Path(self("mount", self("from", "--pull=never", image)))

    def megabytes(self, image: str) -> int:
        size = self("images", "--format", "{{.Size}}", image)
        amount, unit = size.split()
        return round(float(amount) * {"MB": 1, "GB": 1000}[unit])

    def forget(self) -> None:
        self("umount", "--all")
        self("rm", "--all")
        if (mounted := self.folder / "images" / "overlay").is_mount():
            unmount = ["umount", str(mounted)]
            subprocess.run(unmount, check=True)
        shutil.rmtree(self.folder)


def make_base(buildah: Buildah) -> None:
    """Debian with its Python where the official image has Python's own."""
    container = buildah("from", "scratch")
    root = Path(buildah("mount", container))
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    for name in SUPERFLUOUS:
        shutil.rmtree(root / name)
    for name in ("python", "pip"):
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{name}3")
    buildah("commit", "--rm", "--quiet", container, f"docker.io/library/{base_name()}")


def base_name() -> str:
    found = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert found, "the Dockerfile names its base"
    return found[1]


def build(buildah: Buildah, target: str, name: str) -> None:
    """Without asking any registry for images; packages come from where this machine's pip looks."""
    configuration = buildah.folder / "pip.conf"
    values = pip_values()
    configuration.write_text("\n".join(["[global]", *(f"{k} = {v}" for k, v in values.items())]))
    options = ["--isolation=chroot", "--format=docker", "--layers", "--pull=never"]
    options += [f"--secret=id=pip,src={configuration}", f"--target={target}", f"--tag={name}"]
    options += [f"--volume={path}:{path}:ro" for path in local_paths(values)]
    buildah("bud", "--quiet", *options, str(settings.BASE_DIR))


def pip_values() -> dict[str, str]:
    """What is configured here, in files or the environment, as `pip config list` tells it."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    lines = (line.partition("=") for line in said.splitlines())
    # As "global.index-url='…'", or ":env:.index-url='…'".
    return {key.rpartition(".")[2]: value.strip("'") for key, _, value in lines}


def local_paths(values: dict[str, str]) -> list[Path]:
    """Certificates and folders of packages, which the build sees where they are."""
    words = [word for value in values.values() for word in value.split()]
    # An index in a folder names files beside it.
    indexes = [Path(word.removeprefix("file://")).parent for word in words if "file:///" in word]
    paths = [*indexes, *(Path(word) for word in words if word.startswith("/"))]
    return [path for path in paths if path.exists()]
