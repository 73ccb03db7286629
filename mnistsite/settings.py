"""Django settings. Values that differ between installations come from the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from mnistsite import env, media
from mnistsite.database.configuration import configure_database
from mnistsite.observability import jobs, logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.path("VAR_DIR", BASE_DIR / "var")

DEBUG = env.boolean("DEBUG", False)
# wsgi.py requires it; commands that sign nothing work without it.
SECRET_KEY = env.secret("SECRET_KEY")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

# Trust X-Forwarded-For and X-Request-ID, and let nginx send files (X-Accel-Redirect).
BEHIND_NGINX = env.boolean("BEHIND_NGINX", False)
# https: a proxy terminates TLS and overwrites X-Forwarded-Proto.
HTTPS = env.one_of("PUBLIC_SCHEME", "http", ["http", "https"]) == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^api/(?!docs)"]  # HttpsMiddleware refuses them
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# HSTS for subdomains and preload lists would bind the operator's other sites.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # Style sheets embed icons as data:, and a chosen picture is previewed as blob:.
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": ["/csp-report"],
    }
}
if HTTPS:  # without it, browsers that know report-to would send no reports
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["report-to"] = "csp"
PERMISSIONS_POLICY: dict[str, str | list[str]] = {"camera": "self"} | {
    feature: []
    for feature in (
        "accelerometer",
        "autoplay",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "hid",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "serial",
        "usb",
        "xr-spatial-tracking",
    )
}

MEDIA_ROOT = env.path("MEDIA_ROOT", VAR_DIR / "media")
MODELS_DIR = env.path("MODELS_DIR", BASE_DIR / "models")
BUNDLED_MODELS_DIR = BASE_DIR / "models"
IMAGES_DIR = env.path("IMAGES_DIR", BASE_DIR / "images")
MODEL_SIGNING_KEY = env.secret("MODEL_SIGNING_KEY")
REQUIRE_SIGNED_MODELS = env.boolean("REQUIRE_SIGNED_MODELS", False)
TRUSTED_MODEL_SIGNERS = env.items("TRUSTED_MODEL_SIGNERS")
MNIST_NPZ = env.string("MNIST_NPZ")
WANDB_DIR = env.path("WANDB_DIR", VAR_DIR)
MAX_UPLOAD_MB = env.integer("MAX_UPLOAD_MB", 10, minimum=1)
MAX_UPLOAD_BYTES = MAX_UPLOAD_MB * 1024 * 1024
HIDE_GUESS = env.boolean("HIDE_GUESS", False)
LABEL_CHECK_PERCENT = env.integer("LABEL_CHECK_PERCENT", 5)
AUDIT_PER_DAY = env.integer("AUDIT_PER_DAY", 10)
ROLLBACK_WITHIN_DAYS = env.integer("ROLLBACK_WITHIN_DAYS", 0)
FORGET_WITHIN_DAYS = env.integer("FORGET_WITHIN_DAYS", 0)
SHADOW_UPLOADS = env.integer("SHADOW_UPLOADS", 2_000)
AUTO_PROMOTE = env.boolean("AUTO_PROMOTE", False)
PREDICT_PER_SECOND = env.integer("PREDICT_PER_SECOND", 20, minimum=1)
SECURITY_CONTACT = env.contact("SECURITY_CONTACT")
WEBHOOK_INTERNAL_NETWORKS = env.networks("WEBHOOK_INTERNAL_NETWORKS")
AUDIT_LOG_DAYS = env.integer("AUDIT_LOG_DAYS", 365)  # 0: forever
RETENTION_DAYS = env.integer("RETENTION_DAYS", 0)  # 0: forever

INSTALLED_APPS = [
    "classifier.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "procrastinate.contrib.django",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "classifier",
    "training",
]

MIDDLEWARE = [
    # First, so that rejected requests are counted and monitors may use any host name.
    "mnistsite.middleware.request_log.RequestLogMiddleware",
    "mnistsite.observability.probes.MonitorMiddleware",
    "mnistsite.middleware.client_address.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "mnistsite.middleware.https.HttpsMiddleware",
    "mnistsite.middleware.content_policy.ContentPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mnistsite.middleware.cookies.CookieMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "mnistsite.middleware.bodies.BodyLimitMiddleware",
    "mnistsite.middleware.bodies.BodyReleaseMiddleware",
    "mnistsite.middleware.recognition.RecognitionMiddleware",
    "mnistsite.middleware.time_zones.ReaderTimeZoneMiddleware",
    "mnistsite.middleware.outages.OutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "mnistsite.middleware.second_factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "mnistsite.middleware.audit_log.AuditLogMiddleware",
    "axes.middleware.AxesMiddleware",
    "mnistsite.middleware.queries.QueryMiddleware",
]

# Origins whose pages may call the API, without the cookies of a user who is logged in.
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
CORS_EXPOSE_HEADERS = ("ETag", "Idempotency-Replayed", "Retry-After", "X-Request-ID")
if CORS_ALLOWED_ORIGINS:
    # Early, so that pages of these origins can read errors too.
    security = MIDDLEWARE.index("django.middleware.security.SecurityMiddleware")
    MIDDLEWARE.insert(security, "corsheaders.middleware.CorsMiddleware")

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

DATABASES = {"default": configure_database() | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "mnistsite.passwords.SiteWordsValidator"},
]
LOGIN_URL = "admin:login"
CSRF_FAILURE_VIEW = "mnistsite.errors.csrf_failure"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "mnistsite.lockout.LockoutHandler"
AXES_CLIENT_IP_CALLABLE = "mnistsite.lockout.identify_client"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "mnistsite.lockout.get_username"
AXES_LOCKOUT_CALLABLE = "mnistsite.lockout.render_lockout"
# Only failures are stored, and only for a short time.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_CLIENT_STR_CALLABLE = "mnistsite.lockout.hide_client"

REQUIRE_SECOND_FACTOR = env.boolean("REQUIRE_SECOND_FACTOR", False)
OTP_TOTP_ISSUER = "mnistsite"
SESSION_ENGINE = "classifier.access.sessions"
SESSION_COOKIE_AGE = 3600 * env.integer("SESSION_HOURS", 12, minimum=1)

# For results that are cheap to compute again.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
FORMAT_MODULE_PATH = "mnistsite.formats"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = int(timedelta(days=365).total_seconds())
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

STORAGES = {
    "default": media.configure_storage(),
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "mnistsite.static_files.HashedStaticFilesStorage"
        ),
    },
}
WHITENOISE_USE_FINDERS = DEBUG
DOCS_ROOT = BASE_DIR / "var/public"  # served at /docs/
WHITENOISE_ROOT = DOCS_ROOT if DOCS_ROOT.is_dir() else None
WHITENOISE_INDEX_FILE = True

# Files of up to MAX_UPLOAD_MB stay in memory until they are checked.
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_UPLOAD_BYTES
DATA_UPLOAD_MAX_NUMBER_FILES = 10

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "classifier.api.schema.Schema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "classifier.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["classifier.api.permissions.StaffPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["classifier.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "classifier.api.paging.NewestFirst",
    "EXCEPTION_HANDLER": "classifier.api.errors.handle_error",
    "DEFAULT_THROTTLE_CLASSES": ["classifier.access.throttles.UserThrottle"],
    # /api/schema copies the version in a query into a header.
    "ALLOWED_VERSIONS": ["1"],
}

SPECTACULAR_SETTINGS = {
    "TITLE": "mnistsite",
    "DESCRIPTION": "Recognises handwritten digits and says when it is not sure.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    # Recognition comes first, because most people look for it.
    "SORT_OPERATIONS": "classifier.api.schema.rank_operation",
    "TAGS": [
        {"name": name}
        for name in ("recognise", "uploads", "images", "labels", "models", "runs", "promotions")
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # PATCH has one field, which is required.
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "VerdictEnum": "classifier.models.VERDICT_CHOICES",
        "ReasonEnum": "classifier.models.REASON_CHOICES",
        "ModelStateEnum": "classifier.models.ModelState",
        "LabelEnum": "classifier.recognition.labels.LABELS",
        "KnownLabelEnum": "classifier.recognition.labels.KNOWN_LABELS",
    },
}

LOGGING = logs.build_config(env.one_of("LOG_FORMAT", "line", logs.FORMATS))
PROCRASTINATE_WORKER_DEFAULTS = {"worker_middleware": [jobs.bind_request_id]}
PROCRASTINATE_ON_APP_READY = "mnistsite.database.worker_connector.use_retrying_connector"
