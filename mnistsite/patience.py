"""A worker that waits while the database is away: it would end, and its training with it."""

import asyncio
from typing import Any, cast

from procrastinate import App, BaseConnector, PsycopgConnector
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException

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
        return PatientConnector(kwargs=connector_params(self.alias), timeout=AWAY_AT_MOST_S)


def be_patient(app: App) -> None:
    """For PROCRASTINATE_ON_APP_READY."""
    patient = PatientDjangoConnector(cast(DjangoConnector, app.connector).alias)
    app.connector = cast(BaseConnector, patient)
    app.job_manager.connector = app.connector
