"""Configuration of gunicorn, the web server."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from mnistsite import env
from mnistsite.observability import logs

# prometheus_client reads the variable when it is imported. A reload has to use the same folder.
METRICS = Path(env.string("PROMETHEUS_MULTIPROC_DIR") or tempfile.mkdtemp(prefix="metrics-"))
METRICS.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS)

wsgi_app = "mnistsite.wsgi"
bind = f"127.0.0.1:{env.integer('PORT', 8080, minimum=1)}"
workers = env.integer("WEB_WORKERS", 2, minimum=1)
if env.boolean("BEHIND_NGINX", False):
    # nginx buffers requests, so a slow client does not block a process. Threads would only share
    # its time, and a thread that hangs can't be killed.
    worker_class = "sync"
    timeout = 30
else:
    worker_class = "gthread"
    threads = 4
# Processes share imported modules. Each loads the model for its first picture.
preload_app = True
# Frees memory that a library leaks; the jitter keeps processes from restarting all at once.
max_requests = 100_000
max_requests_jitter = 20_000
# Shorter than the 30 seconds that Docker waits, so that running requests finish.
graceful_timeout = 20
control_socket_disable = True
# Ignore SCRIPT_NAME and PATH_INFO headers: the site is at the root of its address.
forwarder_headers = ""

log_format = env.one_of("LOG_FORMAT", "line", logs.FORMATS)
if log_format == "json":
    # No client address, and the route instead of the path, which contains ids.
    accesslog = "-"
    access_log_format = (
        '"request_id": "%({mnistsite.request_id}e)s", "method": "%(m)s", '
        '"route": "%({mnistsite.route}e)s", "status": %(s)s, "seconds": %(L)s'
    )
    logconfig_dict = logs.build_config("json")
    access = '{"timestamp": "%(asctime)s", "logger": "gunicorn.access", %(message)s}'
    logconfig_dict["formatters"]["access"] = {"format": access, "datefmt": "%Y-%m-%dT%H:%M:%S%z"}
    logconfig_dict["handlers"]["access"] = {"class": "logging.StreamHandler", "formatter": "access"}
    quiet = {"level": "INFO", "propagate": False}
    logconfig_dict["loggers"]["gunicorn.error"] = {"handlers": ["console"], **quiet}
    logconfig_dict["loggers"]["gunicorn.access"] = {"handlers": ["access"], **quiet}


def on_starting(_server: Any) -> None:
    """Drop the counts of an earlier run."""
    shutil.rmtree(METRICS)
    METRICS.mkdir()


def child_exit(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    shutil.rmtree(METRICS, ignore_errors=True)
