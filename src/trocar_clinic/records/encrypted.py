"""Fields that are encrypted where they lie: whoever copies the database file reads none of them."""

import base64
import hashlib
import hmac
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@cache
def _ciphers(keys: str) -> MultiFernet:
    """Return the ciphers of one or more keys separated by commas: the first encrypts, all decrypt."""
    derived = (hashlib.sha256(b"trocar field " + key.encode()).digest() for key in keys.split(",") if key)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in derived])


def _keys() -> str:
    if not settings.FIELD_KEY:
        raise ImproperlyConfigured(
            "there is no key for encrypted fields: start with `trocar serve`, or set TROCAR_FIELD_KEY"
        )
    return str(settings.FIELD_KEY)


def fingerprint(text: str) -> str:
    """Return what two equal texts have in common and nobody can read back without the key."""
    key = hashlib.sha256(b"trocar fingerprint " + _keys().split(",")[-1].encode()).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def sealed(text: str) -> str:
    """Return a text encrypted with the installation's key."""
    return _ciphers(_keys()).encrypt(text.encode()).decode("ascii")


def unsealed(text: str) -> str:
    """Return what was sealed; a text of another key is an error, never an empty one."""
    try:
        return _ciphers(_keys()).decrypt(text.encode("ascii")).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "a value was encrypted with another key: restore keys/field of this record"
        ) from error


class EncryptedTextField(models.TextField):
    """A text encrypted with the installation's key."""

    def formfield(self, **given: Any) -> Any:
        """Ask for it in one line: numbers and addresses are no paragraphs."""
        return super().formfield(**{"widget": forms.TextInput, **given})

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way in."""
        text = super().get_prep_value(value)
        return text if text in (None, "") else sealed(str(text))

    def from_db_value(self, value: Any, expression: object, connection: object) -> Any:
        """Decrypt on the way out; a value of another key is an error, never an empty text."""
        return value if value in (None, "") else unsealed(value)
