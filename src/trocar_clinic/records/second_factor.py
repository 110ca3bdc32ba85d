"""Secrets of second factors are encrypted where they lie, like every other sensitive value."""

from allauth.mfa.adapter import DefaultMFAAdapter

from trocar_clinic.records.encrypted import sealed, unsealed


class SealedSecrets(DefaultMFAAdapter):
    """Seals what allauth keeps of an authenticator with the installation's key."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return sealed(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a sealed secret."""
        return unsealed(encrypted_text)
