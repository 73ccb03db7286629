"""Time inserts and pages while a database grows to a million uploads, and plot both.

Give it a VAR_DIR, MODELS_DIR and MEDIA_ROOT of its own. The first 10,000 uploads are MNIST's
digits, read by the bundled model; SQL copies their rows. A million need 5 GB and, on two cores,
half an hour. Writes growth.json and growth.png.
"""

import json
import multiprocessing
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction
from matplotlib import pyplot

from benchmarks import pages
from benchmarks.digits import draw_digit, load_digits
from classifier.access.throttles import AddressThrottle
from classifier.models import Source, Upload
from classifier.uploads import deletion, file_deletion, submission

FIRST = 10_000
INSERTS = 300
SLOWEST = 8  # pages and choices of the queue that are plotted
INSERT, DELETION = "an upload is read and stored", "200 uploads are deleted"
FORK = multiprocessing.get_context("fork")
# The id of a copy follows from the id and the number of the copy, so that rows find each other.
COPIED = {
    "uploads": {
        "id": "md5(id::text || copy)::uuid",
        "visitor": "md5(visitor::text || copy)::uuid",
        "created_at": "created_at + copy * interval '1 second'",
    },
    "input_data": {
        "id": "md5(id::text || copy)::uuid",
        "upload_id": "md5(upload_id::text || copy)::uuid",
        "created_at": "created_at + copy * interval '1 second'",
    },
    "predictions": {"image_id": "md5(image_id::text || copy)::uuid"},
    "label_queue": {
        "image_id": "md5(image_id::text || copy)::uuid",
        "content": "gen_random_uuid()",
    },
    "label_changes": {"image_id": "md5(image_id::text || copy)::uuid"},
}


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    sizes = [10_000, 100_000, 1_000_000]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, help="numbers of uploads")
    parser.add_argument("--repeat", type=int, default=20, help="calls of each page")
    parser.add_argument("--out", type=Path, default=Path(), help="folder of the two files")
    options = parser.parse_args()
    pages.prepare_site(FIRST)
    copy_base()
    results = options.out / "growth.json"
    points: dict[str, dict[str, Any]] = json.loads(results.read_text()) if results.exists() else {}
    for size in options.sizes:
        grow(size)
        points[str(size)] = measure(options.repeat)
        results.write_text(json.dumps(points, indent=1))
    draw(points, options.out / "growth.png")
    sys.stdout.write(f"Uploads alone: {points[str(size)][INSERT]}\n")
    sys.stdout.write(f"During deletions: {measure_inserts_during_deletion()}\n")


def copy_base() -> None:
    """Keep the first rows in tables of their own, from which `grow` copies, unless they exist."""
    with connection.cursor() as cursor:
        for table in COPIED:
            where = "WHERE upload_id IS NOT NULL" if table == "input_data" else ""
            copy = f"CREATE TABLE IF NOT EXISTS first_{table} AS SELECT * FROM {table} {where}"  # noqa: S608
            cursor.execute(copy)


def grow(size: int) -> None:
    existing = Upload.objects.count()
    for copy in range(existing // FIRST, size // FIRST):
        with transaction.atomic(), connection.cursor() as cursor:
            # The copies are consistent, so that foreign keys need no checks.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, changes in COPIED.items():
                cursor.execute(_build_copy(table, changes), {"copy": copy})
        sys.stderr.write(f"\r{(copy + 1) * FIRST:,} uploads ")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _build_copy(table: str, changes: dict[str, str]) -> str:
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, table)
    names = [column.name for column in columns if column.name != "id" or "id" in changes]
    values = ", ".join(changes.get(name, f'"{name}"') for name in names)
    target = ", ".join(f'"{name}"' for name in names)
    copy = "(SELECT %(copy)s::int AS copy) AS copies"
    return f"INSERT INTO {table} ({target}) SELECT {values} FROM first_{table}, {copy}"  # noqa: S608


def measure(repeat: int) -> dict[str, Any]:
    """Return the times of an insert, a deletion, each page and each choice of the queue."""
    timings = {INSERT: measure_inserts(), DELETION: asdict(pages.measure(delete_oldest, repeat))}
    for kind, name, call in pages.list_calls():
        with patch.object(AddressThrottle, "allow_request", return_value=True):
            timings[name] = asdict(pages.measure(call, repeat if kind != "task" else 1))
        timings[name]["kind"] = kind
        sys.stderr.write(f"{name}: {timings[name]}\n")
    return timings


def measure_inserts_during_deletion() -> dict[str, Any]:
    connection.close()  # a forked process would share it
    deleting = FORK.Process(target=delete_forever)
    deleting.start()
    timing = measure_inserts()
    deleting.kill()
    return timing


def measure_inserts() -> dict[str, Any]:
    pixels = load_digits().pixels
    pictures = (draw_digit(each, 280) for each in pixels[:: len(pixels) // (INSERTS + 10)])
    return asdict(
        pages.measure(lambda: submission.classify_picture(next(pictures), Source.API), INSERTS)
    )


def delete_forever() -> None:
    while True:
        delete_oldest()


def delete_oldest() -> None:
    """Delete a batch of uploads, as the job does that keeps to RETENTION_DAYS."""
    oldest = Upload.objects.order_by("created_at", "pk").values_list("pk", flat=True)
    # All uploads share one file here.
    with patch.object(file_deletion, "delete_files", return_value=[]):
        deletion.delete_uploads([*oldest[: deletion.BATCH_SIZE]])


def draw(points: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw the CPU time, which other programs on the machine change less than the wall time."""
    sizes = [int(size) for size in points]
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name in (INSERT, DELETION):
        axes[0].plot(sizes, [measure_cpu(each, name) for each in points.values()], "o-", label=name)
    axes[0].set(title="Writing", ylim=(0, None))
    for name in list_slowest(points):
        axes[1].plot(sizes, [measure_cpu(each, name) for each in points.values()], "o-", label=name)
    axes[1].set(title="The slowest pages and choices of the queue", ylim=(0, None))
    for each in axes:
        each.set(xlabel="uploads", xscale="log", ylabel="CPU time, ms")
        each.legend(fontsize=7)
        each.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def measure_cpu(timings: dict[str, Any], name: str) -> float:
    """Return the CPU time of Python and PostgreSQL in milliseconds."""
    return float(timings[name]["python"] + timings[name]["database"])


def list_slowest(points: dict[str, dict[str, Any]]) -> list[str]:
    last = [*points.values()][-1]
    names = [name for name, each in last.items() if each.get("kind") in ("page", "queue")]
    return sorted(names, key=lambda name: -measure_cpu(last, name))[:SLOWEST]


if __name__ == "__main__":
    main()
