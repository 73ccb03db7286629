"""The error of a file that can't be decoded."""


def gettext_noop(message: str) -> str:
    """Mark a message for translation."""
    return message


FORMATS = gettext_noop("JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF")
DAMAGED = gettext_noop("The image is damaged or incomplete. Save it again, or send another copy.")


class ImageError(Exception):
    """A file that can't be read: a stable `code`, and an English `message` with its `values`.

    The message may be translated before its values are inserted.
    """

    def __init__(self, code: str, message: str, **values: object) -> None:
        super().__init__(message % values)
        self.code = code
        self.message = message
        self.values = values
