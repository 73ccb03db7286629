"""Decode a HEIC from standard input to its size and a PPM on standard output, within limits.

A program of its own: its memory and time can be limited, and errors of the native decoder end
nothing else. The argument is the largest number of pixels.
"""

import resource
import sys
from io import BytesIO

from PIL import Image
from pillow_heif import register_heif_opener

MAX_MEMORY_BYTES = 600_000_000  # 25 million pixels take 230 MB
MAX_CPU_S = 3  # 25 million pixels take 1 s
LONG_SIDE, SHORT_SIDE = 2048, 256  # down to which pictures are halved, or divided by 3, 4 …
TOO_MANY_PIXELS = 3  # the exit status


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    Image.MAX_IMAGE_PIXELS = None
    image = Image.open(BytesIO(sys.stdin.buffer.read()), formats=["HEIF"])
    if image.width * image.height > int(sys.argv[1]):
        return TOO_MANY_PIXELS
    sys.stdout.buffer.write(b"%d %d\n" % image.size)
    factor = min(max(image.size) // LONG_SIDE, min(image.size) // SHORT_SIDE)
    image.convert("RGB").reduce(max(factor, 1)).save(sys.stdout.buffer, "PPM")
    return 0


if __name__ == "__main__":
    sys.exit(main())
