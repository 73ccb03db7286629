"""Everything on one machine: database, migrations, a first model and account, web and worker."""

import errno
import os
import secrets
import signal
import socket
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

from classifier import jobs
from mnistsite import env, static_files
from mnistsite.database import server
from mnistsite.entrypoints.prepare import FAILURES, create_first_account, prepare, say, step
from mnistsite.entrypoints.processes import AlreadyRunning, Children, end_leftovers, exclusive

READY_WITHIN_S = 60
POLL_EVERY_S = 0.2
RESTART_AFTER_S = 2
# Ctrl-C too: a shell script starts what it puts into the background with it ignored.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A heap for each thread keeps 20 MB more a worker, and threads inside numpy fight over two cores.
LEAN = {"MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"}
COMMANDS = {
    "the web server": ["-m", "gunicorn", "--log-level", "warning"],
    # Two jobs at a time: what is due every minute does not wait for a training.
    "the worker": [
        *("manage.py", "procrastinate", "worker", "--concurrency", "2"),
        *("--shutdown-graceful-timeout", "5", "--delete-jobs", "successful"),
    ],
}


class CannotStart(Exception):
    """The message says why, and what to do."""


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    server.wait_at_start()
    for number in STOPPING:
        signal.signal(number, _interrupt)
    try:
        port = env.integer("PORT", 8080, least=1)
        running = f"http://127.0.0.1:{port}, process {os.getpid()}"
        with exclusive(settings.VAR_DIR / "run.lock", running):
            run(port)
    except KeyboardInterrupt:
        return 0
    except AlreadyRunning as error:
        reason = (
            f"it runs already with the data in {settings.VAR_DIR} ({error}). For a second site "
            "name another folder and port: make run VAR_DIR=… PORT=…"
        )
    except (CannotStart, OSError, *FAILURES) as error:
        reason = str(error)
    sys.stderr.write(f"mnistsite can't start: {reason}\n")
    return 1


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def run(port: int) -> None:
    """Start everything and serve until Ctrl-C. Raises CannotStart."""
    record: Path = settings.VAR_DIR / "run.json"
    for name in end_leftovers(record):
        say(f"Stopped {name} of an earlier run that had been killed.")
    check_port(port)
    django.setup()
    prepare()
    with step("Static files"):
        static_files.collect_changed()
    children = Children(COMMANDS, child_environment(), record)
    try:
        say("Web server and worker …")  # their own lines follow
        start(children, port)
        account = create_first_account()
        connection.close()
        say(f"Serving on http://127.0.0.1:{port}  (Ctrl-C stops)")
        if account:
            say(account)
        supervise(children)
    finally:
        say("\nStopping …")
        for number in STOPPING:  # a second Ctrl-C must not leave half of it
            signal.signal(number, signal.SIG_IGN)
        children.stop()


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OverflowError:
            raise CannotStart(f"PORT={port} is too large; the largest is 65535.") from None
        except PermissionError:
            raise CannotStart(
                f"you may not listen on port {port}. Choose one from 1024: make run PORT=8080"
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise CannotStart(
                f"port {port} is taken by another program. Choose another: make run PORT={port + 1}"
            ) from None


def child_environment() -> dict[str, str]:
    environment = LEAN | os.environ | {"SECRET_KEY": env.secret("SECRET_KEY") or local_secret_key()}
    if not env.secret("DATABASE_URL"):
        environment["DATABASE_URL"] = embedded_url()
    return environment


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


def start(children: Children, port: int) -> None:
    """Start web server and worker, and wait until both work. Raises CannotStart."""
    for name in COMMANDS:
        children.start(name)
    deadline = time.monotonic() + READY_WITHIN_S
    while reason := find_unready(port):
        if ended := children.find_ended():
            raise CannotStart(f"{ended} ended by itself; the lines above say why.")
        if time.monotonic() > deadline:
            sys.stderr.write(f"Not ready after {READY_WITHIN_S} s: {reason}\n")
            return
        time.sleep(POLL_EVERY_S)


def find_unready(port: int) -> str:
    """Return why the site is not ready, or an empty string."""
    asking = HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN_S)
    try:
        asking.request("GET", "/readyz")
        response = asking.getresponse()
        answer = response.read().decode()
    except (OSError, HTTPException) as error:
        return f"the web server does not answer: {error}"
    finally:
        asking.close()
    if response.status != 200:
        return answer
    return "" if jobs.is_alive() else "the worker has not reached the database."


def supervise(children: Children) -> None:
    """Start again what ends: its cause may pass, such as a database that restarts."""
    while True:
        if name := children.find_ended():
            sys.stderr.write(f"{name} ended by itself, and is started again.\n".capitalize())
            time.sleep(RESTART_AFTER_S)
            children.start(name)
        time.sleep(POLL_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
