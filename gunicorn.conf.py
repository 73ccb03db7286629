"""How gunicorn serves the site."""

import shutil
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess

from mnistsite import env, logs

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

METRICS = env.string("PROMETHEUS_MULTIPROC_DIR")
if METRICS:
    # Before the application is imported, whose first figures are written there.
    Path(METRICS).mkdir(parents=True, exist_ok=True)


def on_starting(server: Any) -> None:
    """What an earlier run has counted must not be counted again."""
    if METRICS:
        shutil.rmtree(METRICS)
        Path(METRICS).mkdir()


def child_exit(server: Any, worker: Any) -> None:
    if METRICS:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
