"""Django's PostgreSQL backend, with patient connecting and an embedded server where none is named."""
