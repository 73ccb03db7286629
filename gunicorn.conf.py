"""How gunicorn serves the site."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from mnistsite import env
from mnistsite.observability import logs

# Prometheus's library looks for it when it is imported; after a reload it is still the same.
METRICS = Path(env.string("PROMETHEUS_MULTIPROC_DIR") or tempfile.mkdtemp(prefix="metrics-"))
METRICS.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS)

wsgi_app = "mnistsite.wsgi"
bind = f"127.0.0.1:{env.integer('PORT', 8080, least=1)}"
workers = env.integer("WEB_WORKERS", 2, least=1)
if env.boolean("BEHIND_NGINX", False):
    # nginx takes requests in whole, so nobody who sends slowly holds a process; threads would only
    # share its time, and could not be ended when one hangs.
    worker_class = "sync"
    timeout = 30
else:
    worker_class = "gthread"
    threads = 4
# What is imported once is shared. The model is loaded by each worker, at its first picture.
preload_app = True
# What a library may lose over days comes back; the jitter keeps some workers at work meanwhile.
max_requests = 100_000
max_requests_jitter = 20_000
# Shorter than the 30 seconds that a container is given, so that what has begun is answered.
graceful_timeout = 20
control_socket_disable = True
# The site is at the root of its address: a header that says otherwise is dropped.
forwarder_headers = ""

log_format = env.one_of("LOG_FORMAT", "line", logs.FORMATS)
if log_format == "json":
    # A route instead of a path, which names an upload, and nothing of who asks.
    accesslog = "-"
    access_log_format = (
        '"request_id": "%({mnistsite.request_id}e)s", "method": "%(m)s", '
        '"route": "%({mnistsite.route}e)s", "status": %(s)s, "seconds": %(L)s'
    )
    logconfig_dict = logs.configuration("json")
    access = '{"timestamp": "%(asctime)s", "logger": "gunicorn.access", %(message)s}'
    logconfig_dict["formatters"]["access"] = {"format": access, "datefmt": "%Y-%m-%dT%H:%M:%S%z"}
    logconfig_dict["handlers"]["access"] = {"class": "logging.StreamHandler", "formatter": "access"}
    quiet = {"level": "INFO", "propagate": False}
    logconfig_dict["loggers"]["gunicorn.error"] = {"handlers": ["console"], **quiet}
    logconfig_dict["loggers"]["gunicorn.access"] = {"handlers": ["access"], **quiet}


def on_starting(_server: Any) -> None:
    """What an earlier run has counted must not be counted again."""
    shutil.rmtree(METRICS)
    METRICS.mkdir()


def child_exit(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    shutil.rmtree(METRICS, ignore_errors=True)
