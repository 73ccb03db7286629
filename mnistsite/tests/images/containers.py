"""Run services of docker-compose.yml in their images, without a Docker daemon.

As in Docker, a service runs without root and capabilities, can write only to /tmp and its volumes,
and reaches no other network.
"""

import json
import os
import re
import shlex
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from mnistsite.tests.images.buildah import Buildah

COMPOSE = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())
STOP_WITHIN_S = 30
HOSTS = "127.0.0.1 localhost db web\n"
TMP = "/tmp"  # noqa: S108
NO_PRIVILEGES = "--clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"


@dataclass(frozen=True)
class Image:
    """An image's file system and its configuration for Docker."""

    root: Path
    configuration: dict[str, Any]


def inspect_image(buildah: Buildah, name: str) -> Image:
    description = json.loads(buildah.run("inspect", "--type=image", name))
    return Image(buildah.mount(name), description["Docker"]["config"])


@dataclass(frozen=True)
class Container:
    """A running service and its log file."""

    process: subprocess.Popen[bytes]
    log: Path

    def read_log(self) -> str:
        return self.log.read_text()

    def stop(self) -> int:
        """Signal the first process inside, as Docker does, and return its exit code."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        return self.process.wait(STOP_WITHIN_S)


@dataclass
class Host:
    """Volumes in a folder, and a network with only a loopback device."""

    folder: Path
    images: dict[str, Image]
    running: list[Container] = field(default_factory=list)

    def __post_init__(self) -> None:
        script = "ip link set lo up; echo; exec sleep infinity"
        command = ["unshare", "--net", "--fork", "--kill-child", "sh", "-ec", script]
        self.network = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.network.stdout
        with self.network.stdout as output:
            output.readline()
        self.inside = ["nsenter", f"--net=/proc/{self.network.pid}/ns/net"]
        (self.folder / "hosts").write_text(HOSTS)

    def start(self, service: str, *command: str) -> Container:
        """Start a service with its own command or another one."""
        definition = COMPOSE["services"][service]
        image = self.images[definition["image"]]
        arguments = [*command] or definition.get("command") or image.configuration["Cmd"]
        mounts = self._list_mounts(image, definition.get("volumes", []))
        entry = _format_entry(image, _merge_environment(image, definition), arguments)
        log = self.folder / f"{service}-{len(self.running)}.log"
        isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.inside, *isolated, "\n".join([*mounts, entry])],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append(Container(process, log))
        return self.running[-1]

    def run(self, service: str, *command: str) -> str:
        """Run a service until it ends with success, and return its log."""
        container = self.start(service, *command)
        assert container.process.wait() == 0, container.read_log()
        return container.read_log()

    def is_healthy(self, service: str) -> bool:
        """Return True if the image's health check passes."""
        image = self.images[COMPOSE["services"][service]["image"]]
        kind, *command = image.configuration["Healthcheck"]["Test"]
        assert kind == "CMD"
        return self.start(service, *command).process.wait() == 0

    def get(self, path: str, *options: str) -> str:
        curl = ["curl", "--silent", "--show-error", "--fail", "--header", "Host: localhost"]
        command = [*self.inside, *curl, *options, f"http://127.0.0.1:5000{path}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def close(self) -> None:
        for process in (*(container.process for container in self.running), self.network):
            process.kill()
            process.wait()

    def volume(self, name: str) -> Path:
        return self.folder / name

    def _list_mounts(self, image: Image, volumes: list[str]) -> list[str]:
        root = shlex.quote(str(image.root))
        (image.root / "etc/hosts").touch()  # Docker creates it
        commands = [
            f"mount --bind {root} {root}",
            f"mount -o remount,bind,ro {root}",
            f"mount -t proc proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
            f"mount -t tmpfs -o mode=1777,noexec,nosuid,nodev tmpfs {root}{TMP}",
            f"mount --bind {shlex.quote(str(self.folder / 'hosts'))} {root}/etc/hosts",
        ]
        for volume in volumes:
            name, target, *mode = volume.split(":")
            source = self._create_volume(name, image, target)
            commands.append(f"mount --bind {source} {root}{target}")
            if mode == ["ro"]:
                commands.append(f"mount -o remount,bind,ro {root}{target}")
        return commands

    def _create_volume(self, name: str, image: Image, target: str) -> Path:
        """Give a new volume the owner and mode of the image's folder below it, as Docker does."""
        volume = self.volume(name)
        if not volume.exists():
            volume.mkdir()
            folder = (image.root / target.lstrip("/")).stat()
            os.chown(volume, folder.st_uid, folder.st_gid)
            volume.chmod(folder.st_mode)
        return volume


def _format_entry(image: Image, environment: dict[str, str], command: list[str]) -> str:
    uid, gid = image.configuration["User"].split(":")
    return " ".join(
        [
            f"exec chroot {shlex.quote(str(image.root))}",
            f"env -i --chdir={image.configuration['WorkingDir']}",
            *(f"{name}={shlex.quote(value)}" for name, value in environment.items()),
            f"setpriv --reuid={uid} --regid={gid} {NO_PRIVILEGES}",
            shlex.join(command),
        ]
    )


def _merge_environment(image: Image, definition: dict[str, Any]) -> dict[str, str]:
    environment = dict(line.split("=", 1) for line in image.configuration["Env"])
    overrides = definition.get("environment", {})
    return environment | {name: _apply_default(str(value)) for name, value in overrides.items()}


def _apply_default(value: str) -> str:
    """Replace `${NAME:-default}` by its default, as Compose does without a .env."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
