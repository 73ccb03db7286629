"""The project's only settings file; everything that differs between places comes from env.py."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from mnistsite import env
from mnistsite.observability import jobs, logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.path("VAR_DIR", BASE_DIR / "var")

DEBUG = env.boolean("DEBUG", False)
# wsgi.py refuses to start without it; commands that sign nothing work without one.
SECRET_KEY = env.secret("SECRET_KEY")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

# The project's nginx is in front: it says who the client is, and sends files.
BEHIND_NGINX = env.boolean("BEHIND_NGINX", False)
# https: what is in front ends TLS, and overwrites X-Forwarded-Proto.
HTTPS = env.one_of("PUBLIC_SCHEME", "http", ["http", "https"]) == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# Subdomains and browsers' preload lists would be promises about other names of the operator.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # The style sheets of Bootstrap and Swagger hold icons; a chosen picture is shown unsent.
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

MEDIA_ROOT = env.path("MEDIA_ROOT", VAR_DIR / "media")
MODELS_DIR = env.path("MODELS_DIR", BASE_DIR / "models")
BUNDLED_MODELS_DIR = BASE_DIR / "models"
IMAGES_DIR = env.path("IMAGES_DIR", BASE_DIR / "images")
MNIST_NPZ = env.string("MNIST_NPZ")
WANDB_DIR = env.path("WANDB_DIR", VAR_DIR)
MAX_UPLOAD_MB = env.integer("MAX_UPLOAD_MB", 10, least=1)
MAX_UPLOAD_BYTES = MAX_UPLOAD_MB * 1024 * 1024
LABEL_CHECK_PERCENT = env.integer("LABEL_CHECK_PERCENT", 5, least=0)
AUDIT_PER_DAY = env.integer("AUDIT_PER_DAY", 10, least=0)
AUTO_PROMOTE = env.boolean("AUTO_PROMOTE", False)
PREDICT_PER_SECOND = env.integer("PREDICT_PER_SECOND", 20, least=1)
RETENTION_DAYS = env.integer("RETENTION_DAYS", 0)  # 0: for ever

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "procrastinate.contrib.django",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "classifier",
    "training",
]

MIDDLEWARE = [
    # Ahead of all that refuses or redirects: monitors ask by any name, and what is refused counts.
    "mnistsite.middleware.request_log.ObservedMiddleware",
    "mnistsite.observability.probes.MonitorMiddleware",
    "mnistsite.middleware.forwarded.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "mnistsite.middleware.headers.PoliciesMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mnistsite.middleware.languages.VisitorLanguageMiddleware",
    "mnistsite.middleware.guards.BodyLimitMiddleware",
    "mnistsite.middleware.bodies.BodyReleaseMiddleware",
    "mnistsite.middleware.guards.CookieMiddleware",
    "mnistsite.middleware.guards.UnavailableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Whose pages may ask the API from a browser, and not as anybody who has logged in here.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_METHODS = ("DELETE", "GET", "PATCH", "POST")
CORS_ALLOW_HEADERS = (
    "authorization",
    "content-type",
    "delete-key",
    "idempotency-key",
    "if-match",
    "if-none-match",
)
CORS_EXPOSE_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
if CORS_ALLOWED_ORIGINS:
    # Ahead of all that refuses, which programs are to read as well.
    before = MIDDLEWARE.index("django.middleware.security.SecurityMiddleware")
    MIDDLEWARE.insert(before, "corsheaders.middleware.CorsMiddleware")

ROOT_URLCONF = "mnistsite.urls"
WSGI_APPLICATION = "mnistsite.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    """DATABASE_URL's server or, with an empty HOST, the embedded one (see mnistsite.database)."""
    url = env.secret("DATABASE_URL")
    if not url:
        return {"ENGINE": "mnistsite.database", "NAME": "postgres", "USER": "postgres"}
    try:
        config = dict(dj_database_url.parse(url, engine="mnistsite.database"))
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL can't be read: {error}") from error
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    if password := env.secret("DATABASE_PASSWORD"):
        config["PASSWORD"] = password
    return config


DATABASES = {"default": _database() | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Both together, so that a stranger who guesses can't lock a colleague out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "mnistsite.lockout.counted_name"
AXES_LOCKOUT_CALLABLE = "mnistsite.lockout.locked_out"
# Who logged in from where is nobody's business: only failures are kept, and not for long.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_CLIENT_STR_CALLABLE = "mnistsite.lockout.nobody"

# Of the throttles: each process counts for itself, nginx counts for all of them. And of what is
# worked out anew where it is not there.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = int(timedelta(days=365).total_seconds())
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]


def _media_storage() -> dict[str, Any]:
    """MEDIA_S3_BUCKET or, where none is named, MEDIA_ROOT."""
    bucket = env.string("MEDIA_S3_BUCKET")
    if not bucket:
        return {"BACKEND": "classifier.uploads.storage.DurableStorage"}
    keys = env.secret("MEDIA_S3_ACCESS_KEY"), env.secret("MEDIA_S3_SECRET_KEY")
    if any(keys) and not all(keys):
        raise ImproperlyConfigured(
            "Set both MEDIA_S3_ACCESS_KEY and MEDIA_S3_SECRET_KEY or, for the machine's role, none."
        )
    options = {
        "bucket_name": bucket,
        "endpoint_url": env.string("MEDIA_S3_ENDPOINT") or None,
        "region_name": env.string("MEDIA_S3_REGION") or None,
        "access_key": keys[0] or None,
        "secret_key": keys[1] or None,
    }
    return {"BACKEND": "classifier.uploads.object_storage.ObjectStorage", "OPTIONS": options}


STORAGES = {
    "default": _media_storage(),
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "mnistsite.static_files.HashedStaticFilesStorage"
        ),
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# A file within MAX_UPLOAD_MB never has to touch the disk before it is checked.
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_UPLOAD_BYTES
DATA_UPLOAD_MAX_NUMBER_FILES = 10

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "classifier.api.schema.Schema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "classifier.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["classifier.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "classifier.api.paging.NewestFirst",
    "EXCEPTION_HANDLER": "classifier.api.errors.handle_error",
    "DEFAULT_THROTTLE_CLASSES": ["classifier.access.throttles.UserThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "user": "50/s",
        "predict": f"{PREDICT_PER_SECOND}/s",
        "preview": f"{PREDICT_PER_SECOND}/s",
        "look": f"{3 * PREDICT_PER_SECOND}/s",
    },
    # /api/schema puts the one that a query names into a header, whatever it is.
    "ALLOWED_VERSIONS": ["1"],
    # The client is REMOTE_ADDR; ClientAddressMiddleware sees to it.
    "NUM_PROXIES": 0,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "mnistsite",
    "DESCRIPTION": "Recognises handwritten digits and says when it is not sure.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # What PATCH takes has to be there, as it is one thing.
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "VerdictEnum": "classifier.models.VERDICTS",
        "ReasonEnum": "classifier.models.REASONS",
        "ModelStateEnum": "classifier.models.ModelState",
        "LabelEnum": "classifier.recognition.labels.LABELS",
        "KnownLabelEnum": "classifier.recognition.labels.KNOWN_LABELS",
    },
}

LOGGING = logs.configuration(env.one_of("LOG_FORMAT", "line", logs.FORMATS))
PROCRASTINATE_WORKER_DEFAULTS = {"worker_middleware": [jobs.with_request_id]}
PROCRASTINATE_ON_APP_READY = "mnistsite.database.worker_connector.be_patient"
