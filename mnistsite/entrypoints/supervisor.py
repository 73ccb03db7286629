"""Run everything on one machine: database, migrations, first model and account, web and worker.

Web server and worker are forked from this process, so that all import the libraries only once.
"""

import errno
import logging
import os
import secrets
import signal
import socket
import sys
import time
from http.client import HTTPConnection, HTTPException
from typing import cast

import django
from django.db import connection

from classifier.monitoring import workers
from mnistsite import env, static_files
from mnistsite.database import server
from mnistsite.entrypoints.prepare import (
    FAILURES,
    create_first_account,
    prepare,
    print_text,
    timed_step,
)
from mnistsite.entrypoints.processes import (
    STOP_SIGNALS,
    AlreadyRunning,
    Children,
    end_leftovers,
    lock_file,
)
from mnistsite.entrypoints.run import METRICS, VAR_DIR

READY_WITHIN_S = 60
POLL_EVERY_S = 0.05
RESTART_AFTER_S = 2


def serve() -> None:
    from gunicorn.app.wsgiapp import WSGIApplication  # type: ignore[import-untyped]

    sys.argv = ["gunicorn", "--log-level", "warning"]
    WSGIApplication().run()


def work() -> None:
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    # The admin lists the jobs, so the terminal shows only their failures.
    logging.getLogger("procrastinate.worker").setLevel(logging.WARNING)
    connector = cast(DjangoConnector, app.connector).get_worker_connector()
    with app.replace_connector(connector) as worker:
        # Two jobs at a time, so that periodic jobs don't wait for training.
        worker.run_worker(concurrency=2, shutdown_graceful_timeout=5.0, delete_jobs="successful")


TASKS = {"the web server": serve, "the worker": work}


class CannotStart(Exception):
    """The message says why, and what to do."""


def main() -> int:
    server.wait_at_start()
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        port = env.integer("PORT", 8080, minimum=1)
        os.environ["SECRET_KEY"] = env.secret("SECRET_KEY") or load_secret_key()
        description = f"http://127.0.0.1:{port}, process {os.getpid()}"
        with lock_file(VAR_DIR / "run.lock", description):
            run(port)
    except KeyboardInterrupt:
        return 0
    except AlreadyRunning as error:
        reason = (
            f"it already runs with the data in {VAR_DIR} ({error}). For a second site, "
            "choose another folder and port: make run VAR_DIR=… PORT=…"
        )
    except (CannotStart, OSError, *FAILURES) as error:
        reason = str(error)
    sys.stderr.write(f"mnistsite can't start: {reason}\n")
    return 1


def run(port: int) -> None:
    """Start everything and serve until Ctrl-C. Raise CannotStart if a part does not start."""
    record = VAR_DIR / "run.json"
    for name in end_leftovers(record):
        print_text(f"Stopped {name} of an earlier run that was killed.")
    check_port(port)
    METRICS.mkdir(exist_ok=True)
    django.setup()
    prepare()
    with timed_step("Static files"):
        static_files.collect_changed()
    if not env.secret("DATABASE_URL"):
        os.environ["DATABASE_URL"] = build_database_url()
    import mnistsite.wsgi  # noqa: F401  (before the web server is forked)

    children = Children(TASKS, record)
    try:
        print_text("Web server and worker …")  # their output follows
        connection.close()  # children would share it
        start_children(children, port)
        account = create_first_account()
        connection.close()
        print_text(f"Serving on http://127.0.0.1:{port}  (Ctrl-C stops)")
        if account:
            print_text(account)
        supervise(children)
    finally:
        print_text("\nStopping …")
        for number in STOP_SIGNALS:  # a second Ctrl-C must not interrupt the stop
            signal.signal(number, signal.SIG_IGN)
        children.stop()


def check_port(port: int) -> None:
    """Raise CannotStart if the port can't be used."""
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
                f"port {port} is in use by another program. Choose another: "
                f"make run PORT={port + 1}"
            ) from None


def build_database_url() -> str:
    """Return the address of this process's server, which its children neither start nor stop."""
    database = connection.get_connection_params()
    return f"postgresql://{database['user']}@/{database['dbname']}?host={database['host']}"


def load_secret_key() -> str:
    """Return this checkout's random key; create it, readable only by its owner, if missing."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


def start_children(children: Children, port: int) -> None:
    """Start web server and worker, and wait until both work. Raise CannotStart if one ends."""
    for name in TASKS:
        children.start(name)
    deadline = time.monotonic() + READY_WITHIN_S
    while problem := find_problem(port):
        if ended := children.find_ended():
            raise CannotStart(f"{ended} ended by itself; the lines above say why.")
        if time.monotonic() > deadline:
            sys.stderr.write(f"Not ready after {READY_WITHIN_S} s: {problem}\n")
            return
        time.sleep(POLL_EVERY_S)


def find_problem(port: int) -> str:
    """Return why the site is not ready, or an empty string."""
    http = HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN_S)
    try:
        http.request("GET", "/readyz")
        response = http.getresponse()
        body = response.read().decode()
    except (OSError, HTTPException) as error:
        return f"the web server does not answer: {error}"
    finally:
        http.close()
    if response.status != 200:
        return body
    return "" if workers.is_worker_alive() else "the worker has not reached the database."


def supervise(children: Children) -> None:
    """Restart children that end, because the cause may pass, such as a database restart."""
    while True:
        if name := children.find_ended():
            sys.stderr.write(f"{name.capitalize()} ended by itself and is restarted.\n")
            time.sleep(RESTART_AFTER_S)
            children.start(name)
        time.sleep(POLL_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
