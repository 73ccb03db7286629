"""The parts of the production stack as processes of their own, started as in docker-compose.yml."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from mnistsite.database import embedded
from mnistsite.tests.stack import free_port

PASSWORD = "a password for this test"
STOP_WITHIN_S = 40
# As a person who runs it would choose it, or for load from one address no limit at all.
UNLIMITED = "100000"
NEEDED = ("nginx", "dnsmasq")
MISSING = [
    name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None
]


@dataclass
class Part:
    """One process, with what it has written."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """With all that it has started, where it is killed. Returns its exit code."""
        if self.process.poll() is None:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        return self.process.wait(STOP_WITHIN_S)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()


@dataclass
class Parts:
    """What one machine or many would run, with its data in one folder."""

    folder: Path
    web_port: int = field(default_factory=free_port)
    dns_port: int = field(default_factory=free_port)
    started: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = embedded.wheel().get_server(self.folder / "postgres")
        self.environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        } | {
            "DATABASE_URL": f"postgresql://postgres@/postgres?host={self.socket_folder}",
            "SECRET_KEY": "only for this test",
            "ADMIN_PASSWORD": PASSWORD,
            "BEHIND_NGINX": "1",
            "WEB_WORKERS": "4",
            "LOG_FORMAT": "json",
            "PREDICT_PER_SECOND": UNLIMITED,
            "VAR_DIR": str(self.folder / "var"),
            "MEDIA_ROOT": str(self.folder / "media"),
            "MODELS_DIR": str(self.folder / "models"),
            "IMAGES_DIR": str(self.folder / "images"),
            "WANDB_MODE": "disabled",
            "MALLOC_ARENA_MAX": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def socket_folder(self) -> Path:
        return Path(str(self.database.get_postmaster_info().socket_dir))

    def prepare(self) -> None:
        """Collect the static files, as the image's build does, and prepare the database."""
        done = self.run("manage.py", "collectstatic", "--no-input")
        assert done.returncode == 0, done.stderr
        self.prepare_database()

    def prepare_database(self) -> None:
        done = self.run("-m", "mnistsite.entrypoints.prepare")
        assert done.returncode == 0, done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, name: str, *command: str, **environment: str) -> Part:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=self.environment | environment,
                cwd=settings.BASE_DIR,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        part = Part(process, log)
        self.started.append(part)
        return part

    def web(self, address: str) -> Part:
        """A replica on an address of its own, as each container has one."""
        bind = ("--bind", f"{address}:{self.web_port}")
        metrics = str(self.folder / f"metrics-{address}")
        command = (sys.executable, "-m", "gunicorn", *bind)
        return self.start(f"web-{address}", *command, PROMETHEUS_MULTIPROC_DIR=metrics)

    def worker(self) -> Part:
        command = (sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", "2")
        return self.start("worker", *command, "--shutdown-graceful-timeout", "20")

    def names(self, *addresses: str) -> Part:
        """Docker's name server, which knows the replicas by one name."""
        self.resolve(*addresses)
        where = ("--listen-address=127.0.0.1", "--bind-interfaces", f"--port={self.dns_port}")
        quiet = ("--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=")
        hosts = f"--addn-hosts={self.folder / 'hosts'}"
        return self.start("names", "dnsmasq", "--keep-in-foreground", *where, *quiet, hosts)

    def resolve(self, *addresses: str) -> None:
        """Which replicas there are; a name server that runs has to be told (SIGHUP)."""
        (self.folder / "hosts").write_text("".join(f"{address} web\n" for address in addresses))

    def nginx(self, per_second: str = UNLIMITED, web: str = "") -> tuple[Part, int]:
        """The real nginx.conf, with its places and names filled in; and the port it serves on."""
        port = free_port()
        place = self.folder / f"nginx-{port}"
        place.mkdir()
        filled = {
            "${MAX_UPLOAD_MB}": str(settings.MAX_UPLOAD_MB),
            "${PREDICT_PER_SECOND}": per_second,
            "${PUBLIC_SCHEME}": "http",
            "${WEB}": web or f"web:{self.web_port}",
            "${RESOLVER}": f"127.0.0.1:{self.dns_port}",
            "listen 80 ": f"listen 127.0.0.1:{port} ",
            " /tmp/": f" {place}/",
            "alias /protected-media/": f"alias {self.folder / 'media'}/",
        }
        text = (settings.BASE_DIR / "nginx.conf").read_text()
        for template, value in filled.items():
            assert template in text
            text = text.replace(template, value)
        (place / "nginx.conf").write_text(text)
        globally = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        command = ("nginx", "-p", str(place), "-c", str(place / "nginx.conf"), "-g", globally)
        return self.start(f"nginx-{port}", *command), port

    def stop(self) -> None:
        for part in reversed(self.started):
            part.stop(signal.SIGKILL)
        self.database.cleanup()


def listens(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0
