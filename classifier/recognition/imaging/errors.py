"""Why a file is not taken as a picture."""

from collections.abc import Callable

TAKEN = "JPEG, PNG, WebP, GIF, BMP or TIFF"


def gettext_noop(message: str) -> str:
    """Marks a message to be translated."""
    return message


DAMAGED = gettext_noop("The image is damaged or cut short. Save or send it again.")


class ImageError(Exception):
    """A file that cannot be read: `code` for programs, `detail` for people.

    `translate` may be set to what knows the reader's language; until then they are in English.
    """

    translate: Callable[[str], str] = staticmethod(str)

    def __init__(self, code: str, message: str, **values: object) -> None:
        super().__init__(message % values)
        self.code = code
        self._message = message
        self._values = values

    @property
    def detail(self) -> str:
        return self.translate(self._message) % self._values
