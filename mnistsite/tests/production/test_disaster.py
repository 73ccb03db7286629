"""A site that loses everything comes back from a backup that was made under load."""

import shutil
import signal
from pathlib import Path

import psycopg

from classifier.tests.pictures import Draw
from mnistsite.tests.production.conftest import FIRST, SECOND, Production
from mnistsite.tests.production.requests import is_ready, post_picture, send_load, send_request
from mnistsite.tests.site import wait_until

WITHIN_S = 60
LOADED = 300  # acknowledged uploads before the backup begins


def test_nothing_acknowledged_before_the_backup_is_missing(
    production: Production, draw_digit: Draw, tmp_path: Path
) -> None:
    stack, picture = production.stack, draw_digit(7)
    with send_load(production.port, picture) as counts:
        assert wait_until(lambda: counts["ok"] > LOADED, WITHIN_S)
        known = [post_picture(production.port, picture).json["id"] for _ in range(20)]
        acknowledged = counts["ok"] + len(known)
        made = stack.run("manage.py", "backup", str(tmp_path))
    assert made.returncode == 0, made.stderr

    destroy(production)
    restored = stack.run("manage.py", "restore", made.stdout.partition(": ")[0])
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.endswith("Everything is whole.\n")

    for address in (FIRST, SECOND):
        production.start_replica(address)
    assert wait_until(lambda: is_ready(production.port), WITHIN_S)
    assert count_uploads(production) >= acknowledged
    for upload in known:
        assert send_request(production.port, f"/upload/{upload}.jpg").status == 200
    assert post_picture(production.port, picture).json["label"] == "7"


def destroy(production: Production) -> None:
    """Kill every process and delete the database, the uploads and the models."""
    for service in (*production.replicas.values(), production.worker):
        service.stop(signal.SIGKILL)
    with psycopg.connect(production.stack.environment["DATABASE_URL"]) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    for name in ("media", "models"):
        shutil.rmtree(production.stack.folder / name, ignore_errors=True)


def count_uploads(production: Production) -> int:
    with psycopg.connect(production.stack.environment["DATABASE_URL"]) as connection:
        (count,) = connection.execute("SELECT count(*) FROM uploads").fetchone() or (0,)
    return int(count)
