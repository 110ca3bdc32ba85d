"""Django's settings: names that Django reads, each from the typed environment or fixed here."""

import secrets
from typing import Any

from trocar_clinic.config.environment import environment
from trocar_clinic.language import both

HERE = environment()

SECRET_KEY = HERE.key("session") or secrets.token_urlsafe(48)  # without a kept key sessions end with the process
FIELD_KEY = HERE.key("field")
DEBUG = False
ALLOWED_HOSTS = list(HERE.hosts)
ROOT_URLCONF = "trocar_clinic.config.urls"
DATA_FOLDER = HERE.data

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "trocar_clinic.pages",
    "trocar_workspace",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "guardian",
    "simple_history",
    "trocar_clinic.accounts",
    "trocar_clinic.records",
    "trocar_clinic.institution",
    "trocar_clinic.patients",
    "trocar_clinic.calculations",
    "trocar_clinic.images",
    "trocar_clinic.planning",
    "trocar_clinic.custody",
    "trocar_clinic.procedures",
    "trocar_clinic.followup",
    "trocar_clinic.quality",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "trocar_clinic.config.middleware.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "trocar_clinic.config.middleware.chosen_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "trocar_clinic.config.middleware.Paced",
    "trocar_clinic.config.middleware.SignedIn",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "trocar_clinic.config.middleware.refusals",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "trocar_clinic.pages.surroundings.every_page",
            ],
            "builtins": ["trocar_clinic.pages.templatetags.record"],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {"default": HERE.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LANGUAGE_CODE = HERE.language
LANGUAGE_COOKIE_NAME = "trocar_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = HERE.time_zone
FORMAT_MODULE_PATH = ["trocar_clinic.config.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None

ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "trocar_clinic.accounts.adapter.NobodySignsUp"
SOCIALACCOUNT_ADAPTER = "trocar_clinic.accounts.adapter.OnlyKnownPeople"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key", "reauthenticate": "10/m/user"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_ADAPTER = "trocar_clinic.records.second_factor.SealedSecrets"
MFA_TOTP_ISSUER = "Trocar"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "hospital",
                "name": both("Hospital account", "医院统一身份"),
                "client_id": HERE.oidc_client,
                "secret": HERE.oidc_secret,
                "settings": {"server_url": HERE.oidc_issuer},
            }
        ]
        if HERE.oidc_issuer
        else [],
        "OAUTH_PKCE_ENABLED": True,
    }
}

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": HERE.data / "cache"}
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HERE.https
CSRF_COOKIE_SECURE = HERE.https
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [f"https://{each}" for each in HERE.hosts] if HERE.https else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HERE.https else None
SECURE_HSTS_SECONDS = 31536000 if HERE.https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REQUESTS_A_MINUTE = HERE.requests_a_minute
PAGE_BODY_LIMIT = 25 * 2**20
IMAGES_BODY_LIMIT = 1024 * 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 3000
FILE_UPLOAD_PERMISSIONS = 0o600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
