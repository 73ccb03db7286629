"""Django's PostgreSQL backend, with retries and with an embedded server as the default."""
