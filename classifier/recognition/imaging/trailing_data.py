"""Remove bytes after a picture's end: a phone's video, a gain map, the remains of a crop."""

import re

PNG = b"\x89PNG\r\n\x1a\n"
PNG_AROUND_DATA = 12  # a chunk's length, type and checksum
JPEG = b"\xff\xd8\xff"
# In a scan's data, 0xff is escaped, a restart marker or padding.
JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
JPEG_END = b"\xff\xd9"


def remove_trailing_data(data: bytes) -> bytes:
    """Return a PNG or JPEG up to its own end, and anything else unchanged.

    A file without an end is unchanged too, because decoding it explains what is wrong.
    """
    if data.startswith(PNG):
        return data[: _find_png_end(data)]
    if data.startswith(JPEG):
        return data[: _find_jpeg_end(data)]
    return data


def _find_png_end(data: bytes) -> int | None:
    place = len(PNG)
    while place + PNG_AROUND_DATA <= len(data):
        kind = data[place + 4 : place + 8]
        place += int.from_bytes(data[place : place + 4]) + PNG_AROUND_DATA
        if kind == b"IEND":
            return place
    return None


def _find_jpeg_end(data: bytes) -> int | None:
    place = 2
    while marker := JPEG_MARKER.search(data, place):
        if marker[0] == JPEG_END:
            return marker.end()
        place = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    return None
