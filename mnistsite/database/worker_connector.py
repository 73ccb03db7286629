"""A worker that waits while the database is away: it would end, and its training with it."""

import asyncio
from typing import Any, cast

from django.db import connections
from procrastinate import App, BaseConnector, PsycopgConnector
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException

from classifier import jobs

AWAY_AT_MOST_S = 3600
PAUSE_S = 1.0


class PatientConnector(PsycopgConnector):
    async def listen_notify(self, *args: Any, **options: Any) -> None:
        while True:
            try:
                await super().listen_notify(*args, **options)
            except ConnectorException:
                await asyncio.sleep(PAUSE_S)


class PatientDjangoConnector(DjangoConnector):
    def get_worker_connector(self) -> PatientConnector:
        # The pool would wait without a word.
        with connections[self.alias].temporary_connection():
            pass
        params = connector_params(self.alias) | {"application_name": jobs.APPLICATION_NAME}
        return PatientConnector(kwargs=params, timeout=AWAY_AT_MOST_S)


def be_patient(app: App) -> None:
    """For PROCRASTINATE_ON_APP_READY."""
    patient = PatientDjangoConnector(cast(DjangoConnector, app.connector).alias)
    app.connector = cast(BaseConnector, patient)
    app.job_manager.connector = app.connector
