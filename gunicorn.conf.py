"""How gunicorn serves the site."""

from mnistsite import env

wsgi_app = "mnistsite.wsgi"
bind = f"127.0.0.1:{env.integer('PORT', 8080, least=1)}"
workers = env.integer("WEB_WORKERS", 2, least=1)
# Threads overlap waiting for the disk and the database; recognising itself takes one core.
worker_class = "gthread"
threads = 4
graceful_timeout = 10
