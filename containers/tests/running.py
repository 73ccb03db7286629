"""Services of docker-compose.yml in their images, without a Docker daemon.

As there: not as root and without capabilities, with nothing writable but /tmp and the volumes, and
in a network that leads nowhere else.
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

from containers.tests.building import Buildah

COMPOSE = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())
STOP_WITHIN_S = 30
HOSTS = "127.0.0.1 localhost db web\n"
TMP = "/tmp"  # noqa: S108
NO_PRIVILEGES = "--clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"


@dataclass(frozen=True)
class Image:
    """Its file system, and its configuration as Docker would read it."""

    root: Path
    configuration: dict[str, Any]


def image(buildah: Buildah, name: str) -> Image:
    described = json.loads(buildah("inspect", "--type=image", name))
    return Image(buildah.mounted(name), described["Docker"]["config"])


@dataclass(frozen=True)
class Container:
    """A running service, and the file that it writes its log to."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def stop(self) -> int:
        """As Docker does it: the first process inside gets the signal. Returns its exit code."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        return self.process.wait(STOP_WITHIN_S)


@dataclass
class Host:
    """Volumes in a folder, and a network of a loopback device alone."""

    folder: Path
    images: dict[str, Image]
    running: list[Container] = field(default_factory=list)

    def __post_init__(self) -> None:
        script = "ip link set lo up; echo; exec sleep infinity"
        command = ["unshare", "--net", "--fork", "--kill-child", "sh", "-ec", script]
        self.network = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.network.stdout
        with self.network.stdout as said:
            said.readline()
        self.inside = ["nsenter", f"--net=/proc/{self.network.pid}/ns/net"]
        (self.folder / "hosts").write_text(HOSTS)

    def start(self, service: str, *command: str) -> Container:
        """With its own command, or another one."""
        described = COMPOSE["services"][service]
        image = self.images[described["image"]]
        arguments = [*command] or described.get("command") or image.configuration["Cmd"]
        mounts = self._mounts(image, described.get("volumes", []))
        entry = _entry(image, _environment(image, described), arguments)
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
        """One that ends by itself, well. Returns what it said."""
        container = self.start(service, *command)
        assert container.process.wait() == 0, container.said()
        return container.said()

    def is_healthy(self, service: str) -> bool:
        """As Docker would find out."""
        image = self.images[COMPOSE["services"][service]["image"]]
        kind, *command = image.configuration["Healthcheck"]["Test"]
        assert kind == "CMD"
        return self.start(service, *command).process.wait() == 0

    def ask(self, path: str, *options: str) -> str:
        asking = ["curl", "--silent", "--show-error", "--fail", "--header", "Host: localhost"]
        command = [*self.inside, *asking, *options, f"http://127.0.0.1:5000{path}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def close(self) -> None:
        for process in (*(container.process for container in self.running), self.network):
            process.kill()
            process.wait()

    def volume(self, name: str) -> Path:
        return self.folder / name

    def _mounts(self, image: Image, volumes: list[str]) -> list[str]:
        root = shlex.quote(str(image.root))
        (image.root / "etc/hosts").touch()  # Docker makes it
        made = [
            f"mount --bind {root} {root}",
            f"mount -o remount,bind,ro {root}",
            f"mount -t proc proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
            f"mount -t tmpfs -o mode=1777,noexec,nosuid,nodev tmpfs {root}{TMP}",
            f"mount --bind {shlex.quote(str(self.folder / 'hosts'))} {root}/etc/hosts",
        ]
        for volume in volumes:
            name, target, *mode = volume.split(":")
            made.append(f"mount --bind {self._taken_over(name, image, target)} {root}{target}")
            if mode == ["ro"]:
                made.append(f"mount -o remount,bind,ro {root}{target}")
        return made

    def _taken_over(self, name: str, image: Image, target: str) -> Path:
        """A fresh volume gets owner and mode of the image's folder that it is mounted on."""
        volume = self.volume(name)
        if not volume.exists():
            volume.mkdir()
            like = (image.root / target.lstrip("/")).stat()
            os.chown(volume, like.st_uid, like.st_gid)
            volume.chmod(like.st_mode)
        return volume


def _entry(image: Image, environment: dict[str, str], command: list[str]) -> str:
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


def _environment(image: Image, described: dict[str, Any]) -> dict[str, str]:
    own = dict(line.split("=", 1) for line in image.configuration["Env"])
    given = described.get("environment", {})
    return own | {name: _default(str(value)) for name, value in given.items()}


def _default(value: str) -> str:
    """As where .env says nothing: `${NAME:-default}` is the default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
