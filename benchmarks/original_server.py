"""gunicorn configuration of the comparison: two workers and their tables."""

import os

import psycopg

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 2
timeout = 120


def on_starting(_: object) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        for statement in (
            "CREATE TABLE IF NOT EXISTS original_input (id uuid, label text, pixels bytea)",
            "CREATE TABLE IF NOT EXISTS original_predictions (id serial, input uuid, label text)",
        ):
            connection.execute(statement)
