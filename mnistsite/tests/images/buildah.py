"""Build the images with buildah on a base from debootstrap, without a registry."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

BASE = "localhost/python"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
# Debian's slim images leave these out too.
UNUSED_FOLDERS = (
    *("var/cache/apt", "var/lib/apt/lists"),
    *("usr/share/doc", "usr/share/man", "usr/share/locale"),
)


@dataclass(frozen=True)
class Buildah:
    """buildah with its images and containers in one folder."""

    folder: Path

    def run(self, *arguments: str) -> str:
        folders = ("--root", str(self.folder / "images"), "--runroot", str(self.folder / "run"))
        command = ["buildah", "--storage-driver", "overlay", *folders, *arguments]
        completed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return completed.stdout.strip()

    def mount(self, image: str) -> Path:
        return Path(self.run("mount", self.run("from", "--pull=never", image)))

    def measure_mb(self, image: str) -> int:
        size = self.run("images", "--format", "{{.Size}}", image)
        amount, unit = size.split()
        return round(float(amount) * {"MB": 1, "GB": 1000}[unit])

    def remove_all(self) -> None:
        self.run("umount", "--all")
        self.run("rm", "--all")
        if (overlay := self.folder / "images" / "overlay").is_mount():
            command = ["umount", str(overlay)]
            subprocess.run(command, check=True)
        shutil.rmtree(self.folder)


def build_base(buildah: Buildah) -> None:
    """Build Debian with its Python, in place of the official Python image."""
    container = buildah.run("from", "scratch")
    root = Path(buildah.run("mount", container))
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    for name in UNUSED_FOLDERS:
        shutil.rmtree(root / name)
    for name in ("python", "pip"):
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{name}3")
    buildah.run("commit", "--rm", "--quiet", container, BASE)


def build_image(buildah: Buildah, target: str, name: str) -> None:
    """Build without an image registry, with packages from the index of this machine's pip."""
    configuration = buildah.folder / "pip.conf"
    values = read_pip_config()
    configuration.write_text("\n".join(["[global]", *(f"{k} = {v}" for k, v in values.items())]))
    options = ["--isolation=chroot", "--format=docker", "--layers", "--pull=never"]
    options += [f"--build-arg=PYTHON_IMAGE={BASE}", f"--secret=id=pip,src={configuration}"]
    options += [f"--target={target}", f"--tag={name}"]
    options += [f"--volume={path}:{path}:ro" for path in find_local_paths(values)]
    buildah.run("bud", "--quiet", *options, str(settings.BASE_DIR))


def read_pip_config() -> dict[str, str]:
    """Return pip's configuration on this machine, from its files and the environment."""
    output = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    lines = (line.partition("=") for line in output.splitlines())
    # A key is "global.index-url='…'", or ":env:.index-url='…'".
    return {key.rpartition(".")[2]: value.strip("'") for key, _, value in lines}


def find_local_paths(values: dict[str, str]) -> list[Path]:
    """Return the certificates and package folders that the build has to see."""
    words = [word for value in values.values() for word in value.split()]
    # A local index refers to files in its folder.
    indexes = [Path(word.removeprefix("file://")).parent for word in words if "file:///" in word]
    paths = [*indexes, *(Path(word) for word in words if word.startswith("/"))]
    return [path for path in paths if path.exists()]
