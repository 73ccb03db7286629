"""Start the services of docker-compose.yml as processes, without Docker."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from classifier.tests.commands import run_python
from mnistsite.database import embedded
from mnistsite.tests.site import find_free_port

PASSWORD = "a password for this test"
STOP_WITHIN_S = 40
# Tests send all load from one address.
UNLIMITED = "100000"
PROGRAMS = ("nginx", "dnsmasq")
MISSING = [
    name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None
]


@dataclass
class Service:
    """One process and its log file."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the process and return its exit code; SIGKILL also kills its children."""
        if self.process.poll() is None:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        return self.process.wait(STOP_WITHIN_S)

    def read_lines(self) -> list[str]:
        return self.log.read_text().splitlines()


@dataclass
class Stack:
    """All services, with their data in one folder."""

    folder: Path
    web_port: int = field(default_factory=find_free_port)
    dns_port: int = field(default_factory=find_free_port)
    started: list[Service] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = embedded.import_pgserver().get_server(self.folder / "postgres")
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
        completed = self.run("manage.py", "collectstatic", "--no-input")
        assert completed.returncode == 0, completed.stderr
        self.prepare_database()

    def prepare_database(self) -> None:
        completed = self.run("-m", "mnistsite.entrypoints.prepare")
        assert completed.returncode == 0, completed.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_python(*arguments, environment=self.environment)

    def start(self, name: str, *command: str, **environment: str) -> Service:
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
        service = Service(process, log)
        self.started.append(service)
        return service

    def start_web(self, address: str) -> Service:
        """Start a replica on its own address, like a container."""
        bind = ("--bind", f"{address}:{self.web_port}")
        metrics = str(self.folder / f"metrics-{address}")
        command = (sys.executable, "-m", "gunicorn", *bind)
        return self.start(f"web-{address}", *command, PROMETHEUS_MULTIPROC_DIR=metrics)

    def start_worker(self) -> Service:
        command = (sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", "2")
        return self.start("worker", *command, "--shutdown-graceful-timeout", "20")

    def start_dns(self, *addresses: str) -> Service:
        """Start a DNS server that, like Docker's, has one name for all replicas."""
        self.resolve(*addresses)
        listen = ("--listen-address=127.0.0.1", "--bind-interfaces", f"--port={self.dns_port}")
        quiet = ("--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=")
        hosts = f"--addn-hosts={self.folder / 'hosts'}"
        return self.start("dns", "dnsmasq", "--keep-in-foreground", *listen, *quiet, hosts)

    def resolve(self, *addresses: str) -> None:
        """Set the replicas' addresses; a running DNS server needs a SIGHUP to read them."""
        (self.folder / "hosts").write_text("".join(f"{address} web\n" for address in addresses))

    def start_nginx(self, per_second: str = UNLIMITED, web: str = "") -> tuple[Service, int]:
        """Start nginx with nginx.conf, adapted to this machine; return it and its port."""
        port = find_free_port()
        folder = self.folder / f"nginx-{port}"
        folder.mkdir()
        replacements = {
            "${MAX_UPLOAD_MB}": str(settings.MAX_UPLOAD_MB),
            "${PREDICT_PER_SECOND}": per_second,
            "${PUBLIC_SCHEME}": "http",
            "${WEB}": web or f"web:{self.web_port}",
            "${RESOLVER}": f"127.0.0.1:{self.dns_port}",
            "listen 80 ": f"listen 127.0.0.1:{port} ",
            " /tmp/": f" {folder}/",
            "alias /protected-media/": f"alias {self.folder / 'media'}/",
        }
        text = (settings.BASE_DIR / "nginx.conf").read_text()
        for template, value in replacements.items():
            assert template in text
            text = text.replace(template, value)
        (folder / "nginx.conf").write_text(text)
        directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        command = ("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", directives)
        return self.start(f"nginx-{port}", *command), port

    def stop(self) -> None:
        for service in reversed(self.started):
            service.stop(signal.SIGKILL)
        self.database.cleanup()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
