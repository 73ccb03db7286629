"""Processes that are killed or stopped under load lose nothing that was acknowledged."""

import signal
import time
from itertools import cycle
from typing import cast

import psutil
import psycopg

from classifier.monitoring.workers import APPLICATION_NAME
from mnistsite.tests.faults.site import BACK_WITHIN_S, LoadedSite, kill
from mnistsite.tests.production.stack import Service
from mnistsite.tests.site import wait_until

STOPPED_S = 1


def test_killed_web_process_loses_nothing(site: LoadedSite) -> None:
    site.cause_fault("web process killed", 110, lambda: kill(site.choose_web_process()))


def test_killed_replica_loses_nothing(site: LoadedSite) -> None:
    def kill_replica() -> None:
        address = site.choose_replica()
        site.production.replicas[address].stop(signal.SIGKILL)
        site.production.start_replica(address)

    site.cause_fault("web replica killed", 6, kill_replica)


def test_killed_worker_loses_nothing(site: LoadedSite) -> None:
    def kill_worker() -> None:
        site.production.worker = restart(site, site.production.worker)
        assert wait_until(lambda: is_connected(site), BACK_WITHIN_S)

    site.cause_fault("worker killed", 12, kill_worker)


def is_connected(site: LoadedSite) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s"
    with psycopg.connect(site.stack.environment["DATABASE_URL"]) as connection:
        return bool(connection.execute(query, [APPLICATION_NAME]).fetchone())


def test_killed_nginx_loses_nothing(site: LoadedSite) -> None:
    def kill_nginx() -> None:
        site.production.nginx = restart(site, site.production.nginx)

    site.cause_fault("nginx killed", 12, kill_nginx)


def test_killed_nginx_process_loses_nothing(site: LoadedSite) -> None:
    """nginx counts the connections of a killed process until it is restarted, and then refuses."""
    refused = 0

    def kill_nginx_process() -> None:
        nonlocal refused
        if site.load.answers["429"] > refused:
            site.production.nginx = restart(site, site.production.nginx)
        refused = site.load.answers["429"]
        kill(site.choose_child(site.production.nginx))

    site.cause_fault("nginx process killed", 40, kill_nginx_process)


def restart(site: LoadedSite, service: Service) -> Service:
    """Kill a service with all its processes, and start it with the same command."""
    service.stop(signal.SIGKILL)
    return site.stack.start(service.log.stem, *cast(tuple[str, ...], service.process.args))


def test_stopped_process_loses_nothing(site: LoadedSite) -> None:
    """One process of each kind in turn stands still for a second, as on a paused machine."""
    production = site.production
    kinds = cycle(
        [
            site.choose_web_process,
            lambda: psutil.Process(production.replicas[site.choose_replica()].process.pid),
            lambda: site.choose_child(production.nginx),
            lambda: psutil.Process(production.worker.process.pid),
            site.choose_database_process,
        ]
    )

    def stop_one() -> None:
        process = next(kinds)()
        process.suspend()
        time.sleep(STOPPED_S)
        process.resume()

    site.cause_fault("process stopped for 1 s", 20, stop_one)
