"""Why a file is not taken as a picture."""

TAKEN = "JPEG, PNG, WebP, GIF, BMP or TIFF"
DAMAGED = "The image is damaged or cut short. Save or send it again."


class ImageError(Exception):
    """A file that cannot be read: `code` for programs, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
