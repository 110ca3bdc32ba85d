"""Messages of the library as the page gets them: in both languages."""

from trocar.messages import Language, Message


def in_both(message: Message | None) -> dict[str, str] | None:
    """Return a message in both languages."""
    if message is None:
        return None
    return {language.value: message.text(language) for language in Language} | {"code": message.code}
