"""Everything on one machine: database, migrations, a first model and account, web and worker."""

import os
import secrets
import signal
import subprocess  # nosec B404
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from mnistsite import env
from mnistsite.prepare import FAILURES, prepare, say, step

STOP_WITHIN_S = 15
EARLY_S = 10
PAUSE_S = 2
# Ctrl-C too: a shell script starts what it puts into the background with it ignored.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A heap for each thread keeps 20 MB more a worker, and threads inside numpy fight over two cores.
LEAN = {"MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"}

Child = subprocess.Popen[bytes]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    for number in STOPPING:
        signal.signal(number, _interrupt)
    try:
        django.setup()
        prepare()
        with step("Static files"):
            call_command("collectstatic", verbosity=0, interactive=False)
        return serve()
    except KeyboardInterrupt:
        return 0
    except FAILURES as error:
        sys.stderr.write(f"mnistsite can't start: {error}\n")
        return 1


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def serve() -> int:
    """Web and worker until Ctrl-C, or one of them can't start; then neither is left."""
    environment = LEAN | os.environ | {"SECRET_KEY": env.secret("SECRET_KEY") or local_secret_key()}
    if not env.secret("DATABASE_URL"):
        environment["DATABASE_URL"] = embedded_url()
    connection.close()
    port = env.integer("PORT", 8080, least=1)
    commands = {
        f"The web server on port {port}": ["-m", "gunicorn", "--log-level", "warning"],
        # Two at once: what is done all the time goes on beside a training, of which its run tells.
        "The worker": [
            *("manage.py", "procrastinate", "worker", "--concurrency", "2"),
            *("--shutdown-graceful-timeout", "5", "--delete-jobs", "successful"),
        ],
    }
    children = {name: start(command, environment) for name, command in commands.items()}
    say(f"Serving on http://127.0.0.1:{port}  (Ctrl-C stops)")
    try:
        watch(children, lambda name: start(commands[name], environment))
        return 1
    finally:
        stop([*children.values()])


def start(command: list[str], environment: dict[str, str]) -> Child:
    """In a session of its own: Ctrl-C reaches this process alone, which stops them in order."""
    return subprocess.Popen(  # noqa: S603  # nosec B603
        [sys.executable, *command], env=environment, cwd=settings.BASE_DIR, start_new_session=True
    )


def watch(children: dict[str, Child], start_again: Callable[[str], Child]) -> None:
    """Until one ends early. Later ends have passing causes, such as a database that restarts."""
    begun = time.monotonic()
    while True:
        for name, child in children.items():
            if child.poll() is None:
                continue
            sys.stderr.write(f"{name} ended by itself; the lines above say why.\n")
            if time.monotonic() - begun < EARLY_S:
                return
            time.sleep(PAUSE_S)
            children[name] = start_again(name)
        time.sleep(0.2)


def local_secret_key() -> str:
    """Random, made once for this checkout, readable by its owner only."""
    path: Path = settings.VAR_DIR / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


def embedded_url() -> str:
    """Children use the server that this process holds, and so don't start or stop it."""
    parameters = connection.get_connection_params()
    return f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"


def stop(children: list[Child]) -> None:
    say("\nStopping …")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


if __name__ == "__main__":
    sys.exit(main())
