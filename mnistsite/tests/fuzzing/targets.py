"""Parts of the site that read bytes from strangers, for fuzzing."""

from contextlib import suppress

from classifier.recognition.imaging import ImageError, decode, remove_trailing_data
from classifier.recognition.reader import read_picture
from classifier.recognition.recognizer import Recognizer
from classifier.uploads import archives
from mnistsite.tests.fuzzing.bodies import generate_archive
from mnistsite.tests.fuzzing.hostile_client import HostileClient
from mnistsite.tests.fuzzing.libfuzzer import GuidedRandom


def try_decoding(data: bytes) -> None:
    """Decode a picture. Any error but ImageError is a fault."""
    with suppress(ImageError):
        decode(remove_trailing_data(data))


def try_reading(data: bytes, recognizer: Recognizer) -> None:
    """Decode and read a picture. Any error but ImageError is a fault."""
    with suppress(ImageError):
        read_picture(decode(remove_trailing_data(data)), recognizer)


def try_archive(data: bytes, picture: bytes) -> None:
    """Read an archive that the bytes describe. Any error but ImageError is a fault."""
    with suppress(ImageError):
        archives.read_pictures(generate_archive(picture, GuidedRandom(data)))


def try_request(data: bytes, client: HostileClient) -> None:
    """Send a request that the bytes describe. A server error is a fault."""
    client.send_random_request(GuidedRandom(data))
