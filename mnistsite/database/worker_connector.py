"""A database connector that lets the worker and its training survive database outages."""

import asyncio
from typing import Any, cast

from django.db import connections
from procrastinate import App, BaseConnector, PsycopgConnector
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException

from classifier.monitoring import workers

RETRY_FOR_S = 3600
PAUSE_S = 1.0


class RetryingConnector(PsycopgConnector):
    async def listen_notify(self, *args: Any, **options: Any) -> None:
        while True:
            try:
                await super().listen_notify(*args, **options)
            except ConnectorException:
                await asyncio.sleep(PAUSE_S)


class RetryingDjangoConnector(DjangoConnector):
    def get_worker_connector(self) -> RetryingConnector:
        # Connect first, because the pool would wait without a message.
        with connections[self.alias].temporary_connection():
            pass
        params = connector_params(self.alias) | {"application_name": workers.APPLICATION_NAME}
        return RetryingConnector(kwargs=params, timeout=RETRY_FOR_S)


def use_retrying_connector(app: App) -> None:
    """Replace the app's connector; the hook of PROCRASTINATE_ON_APP_READY."""
    connector = RetryingDjangoConnector(cast(DjangoConnector, app.connector).alias)
    app.connector = cast(BaseConnector, connector)
    app.job_manager.connector = app.connector
