"""Django settings. What an operator may change comes from the environment and is described in docs/settings.md."""

from pathlib import Path

from django.templatetags.static import static

from controlplane import env
from controlplane.database import database
from controlplane.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Quartet's own -----------------------------------------------------------------------------------------------
QUARTET_HOME = Path(env.text("QUARTET_HOME", str(BASE_DIR / ".quartet"))).absolute()
QUARTET_BIND = env.text("QUARTET_BIND", "127.0.0.1")
QUARTET_PORT = env.integer("QUARTET_PORT", 8400, 1, 65535)
QUARTET_GATEWAY_PORT = env.integer("QUARTET_GATEWAY_PORT", 8401, 1, 65535)
QUARTET_GATEWAY_URL = env.text("QUARTET_GATEWAY_URL", f"http://{QUARTET_BIND}:{QUARTET_GATEWAY_PORT}")
QUARTET_URL = env.text("QUARTET_URL", f"http://{QUARTET_BIND}:{QUARTET_PORT}").rstrip("/")
QUARTET_NODE = env.text("QUARTET_NODE", "")
QUARTET_REQUEST_LIMIT = env.integer("QUARTET_REQUEST_LIMIT", 2 * 1024**2, 1024)
QUARTET_UPLOAD_LIMIT = env.integer("QUARTET_UPLOAD_LIMIT", 8 * 1024**3, 1024)
QUARTET_APPROVALS_REQUIRED = env.integer("QUARTET_APPROVALS_REQUIRED", 1, 1, 10)
QUARTET_APPROVALS_EXPIRE_HOURS = env.integer("QUARTET_APPROVALS_EXPIRE_HOURS", 72, 1, 8760)
QUARTET_KEY_DAYS = env.integer("QUARTET_KEY_DAYS", 90, 1, 3650)
QUARTET_WEBHOOK_ALLOW = env.networks("QUARTET_WEBHOOK_ALLOW", ())

QUARTET_RECORD_SPOOL = env.integer("QUARTET_RECORD_SPOOL", 256 * 1024**2)
QUARTET_ASSET_STORAGE = env.text("QUARTET_ASSET_STORAGE", "apps.datasets.storage.AssetFiles")
QUARTET_ASSET_STORAGE_OPTIONS = env.mapping("QUARTET_ASSET_STORAGE_OPTIONS")

# --- Django --------------------------------------------------------------------------------------------------------
SECRET_KEY = env.secret("QUARTET_SECRET_KEY", "not-secret:only-for-commands-that-serve-nobody")
DEBUG = env.boolean("QUARTET_DEBUG", False)
ALLOWED_HOSTS = env.names("QUARTET_ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.names("QUARTET_TRUSTED_ORIGINS", ())
ROOT_URLCONF = "controlplane.urls"
ASGI_APPLICATION = "controlplane.asgi.application"
AUTH_USER_MODEL = "core.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "console:overview"
LOGOUT_REDIRECT_URL = "login"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "controlplane.formats"

INSTALLED_APPS = [
    "unfold",
    "controlplane",
    "apps.core",
    "apps.webhooks",
    "apps.registry",
    "apps.datasets",
    "apps.deployments",
    "apps.inference",
    "apps.monitoring",
    "apps.drift",
    "apps.approvals",
    "apps.console",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

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
            ]
        },
    }
]

STATIC_URL = "/static/"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/uplot", BASE_DIR / "node_modules" / "uplot" / "dist"),
]
# Files are served as they lie on disk: one command starts the product, with no collection step to forget.
WHITENOISE_USE_FINDERS = True
# The scan would read every file at every start of web; looking one up when it is asked for is cheap.
WHITENOISE_AUTOREFRESH = True

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Cookies do not know ports: a name of our own keeps other local Django sites from signing us out.
SESSION_COOKIE_NAME = "quartet_session"
CSRF_COOKIE_NAME = "quartet_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.boolean("QUARTET_COOKIES_SECURE", False)
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Artifact uploads stream to disk whatever their size; controlplane.limits bounds them before Django reads a byte.
DATA_UPLOAD_MAX_MEMORY_SIZE = None


DATABASE_URL = env.secret("DATABASE_URL", "postgresql://quartet@127.0.0.1:5432/quartet")
DATABASES = {"default": database(DATABASE_URL, env.boolean("QUARTET_DATABASE_POOL", True))}

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "assets": {"BACKEND": QUARTET_ASSET_STORAGE, "OPTIONS": QUARTET_ASSET_STORAGE_OPTIONS},
}

REDIS_URL = env.secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "quartet:channels"},
    }
}

# --- Mail: alerts are sent where EMAIL_HOST names a server ---------------------------------------------------------
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 25, 1, 65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.boolean("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 10, 1, 60)
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "quartet@localhost")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.inference.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.core.permissions.ScopedPermission"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.pagination.NewestFirst",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.core.api.error_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Quartet",
    "DESCRIPTION": "Register, deploy and watch multimodal models.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "RevisionStateEnum": "apps.deployments.models.Revision.State",
        "VersionStateEnum": "apps.registry.models.ModelVersion.State",
        "DeliveryStateEnum": "apps.webhooks.models.Delivery.State",
        "MailStateEnum": "apps.monitoring.models.AlertMail.State",
        "ObjectiveStateEnum": "apps.monitoring.rules.standing.State",
        "RequestStateEnum": "apps.approvals.models.ApprovalRequest.State",
    },
}

UNFOLD = {
    "SITE_TITLE": "Quartet",
    "SITE_HEADER": "Quartet",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icon.svg")}],
    "SHOW_HISTORY": False,
    # The blue of static/css/tokens.css and its neighbours, from light to dark.
    "COLORS": {
        "primary": {
            "50": "#eff5ff",
            "100": "#e8f0fd",
            "200": "#c9defc",
            "300": "#94bdfb",
            "400": "#5b9dff",
            "500": "#2f78e8",
            "600": "#1a64dc",
            "700": "#1653b8",
            "800": "#154693",
            "900": "#153d78",
            "950": "#15253d",
        }
    },
}

LOGGING = logging_config(
    env.choice("QUARTET_LOG_FORMAT", "console", ("console", "json")), env.text("QUARTET_LOG_LEVEL", "INFO")
)
