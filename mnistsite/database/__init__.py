"""Django's PostgreSQL backend that connects patiently, to an embedded server if none is named."""
