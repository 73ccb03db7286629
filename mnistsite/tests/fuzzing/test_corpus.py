"""Pictures that fuzzing found raise ImageError at most."""

import pytest

from mnistsite.tests.fuzzing.libfuzzer import read_corpus
from mnistsite.tests.fuzzing.targets import try_decoding


@pytest.mark.filterwarnings("ignore")  # Pillow warns about files that it repairs
def test_picture_of_the_corpus_raises_image_error_at_most() -> None:
    pictures = read_corpus()
    assert len(pictures) > 50
    for picture in pictures:
        try_decoding(picture)
