"""The bundled model reads as well as it is documented to."""

from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

from classifier.recognition import imaging
from classifier.recognition.labels import Verdict
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from classifier.tests.pictures import Digits
from training.data.images import Images
from training.evaluation import evaluate, labelled_files
from training.evaluation.evaluate import EvaluatedPictures
from training.evaluation.labelled_files import ReferencePicture

pytestmark = pytest.mark.slow


# Typefaces that no model was trained on, and letters unlike any digit.
FONTS = ("DejaVuSans-Oblique", "DejaVuSerif-Italic", "STIXGeneralItalic", "DejaVuSansMono")
LETTERS = "ABEFHKMNPRTUVWXYadefhkmnrtuvwxαβγδεηκλμνξπρτφχψω"


@pytest.fixture(scope="module")
def mnist(baseline: Recognizer, digits: Digits) -> EvaluatedPictures:
    return evaluate.evaluate_images(baseline, Images(digits[0][::3], digits[1][::3]))


@pytest.fixture(scope="module")
def small_digits(baseline: Recognizer) -> EvaluatedPictures:
    """Evaluate digits of 8 by 8 pixels by people who did not write for MNIST."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pixels = np.clip(data.images[::3] * 16, 0, 255).astype(np.uint8)
    pictures = map(imaging.Picture.from_array, pixels)
    labels = map(str, data.target[::3])
    return labelled_files.evaluate_pictures(map(ReferencePicture, pictures, labels), baseline)


@pytest.fixture(scope="module")
def letters(baseline: Recognizer) -> EvaluatedPictures:
    pictures = (draw_letter(character, font) for font in FONTS for character in LETTERS)
    return labelled_files.evaluate_pictures(
        (ReferencePicture(picture, "") for picture in pictures), baseline
    )


def draw_letter(character: str, name: str) -> imaging.Picture:
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    paper = Image.new("L", (200, 200), 255)
    pen = ImageDraw.Draw(paper)
    pen.text((100, 100), character, fill=0, font=ImageFont.truetype(path, 120), anchor="mm")
    return imaging.Picture.from_array(np.asarray(paper))


def test_mnist_is_read_accepted_and_calibrated(mnist: EvaluatedPictures) -> None:
    metrics = evaluate.measure(mnist)
    assert (metrics.accuracy or 0) >= 0.995
    assert (metrics.coverage or 0) >= 0.97
    assert (metrics.accuracy_at_digit or 0) >= 0.998
    assert (metrics.ece or 1) <= 0.004


def test_small_digits_of_other_people_are_read(small_digits: EvaluatedPictures) -> None:
    metrics = evaluate.measure(small_digits)
    assert (metrics.accuracy or 0) >= 0.965
    assert (metrics.accuracy_at_digit or 0) >= 0.99


def test_letters_are_rejected(mnist: EvaluatedPictures, letters: EvaluatedPictures) -> None:
    metrics = evaluate.measure(EvaluatedPictures.join([mnist, letters]))
    assert metrics.non_digits == len(FONTS) * len(LETTERS)
    assert (metrics.non_digits_refused or 0) >= 0.9
    assert (metrics.auroc or 0) >= 0.98


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_photo_is_not_a_digit(name: str, baseline: Recognizer) -> None:
    from sklearn.datasets import load_sample_images

    data = load_sample_images()
    [photo] = [
        image
        for image, path in zip(data.images, data.filenames, strict=True)
        if Path(path).name == name
    ]
    evaluated = labelled_files.evaluate_pictures(
        [ReferencePicture(imaging.Picture.from_array(photo), "")], baseline
    )
    assert (evaluated.truth[0], evaluated.accepted[0]) == (NOT_A_DIGIT, False)


def test_handwritten_year_is_read(baseline: Recognizer, digits: Digits) -> None:
    paper = np.full((60, 160), 255, np.uint8)
    for index, digit in enumerate((2, 0, 1, 9)):
        paper[16:44, 12 + 36 * index : 40 + 36 * index] -= digits[0][digits[1] == digit][5]
    digit_images = imaging.find_digits(imaging.Picture.from_array(paper))
    recognitions = baseline.recognize(each.pixels for each in digit_images)
    assert "".join(each.label for each in recognitions) == "2019"
    assert {each.verdict for each in recognitions} == {Verdict.DIGIT}


def test_model_folder_is_small() -> None:
    folder = settings.BUNDLED_MODELS_DIR / "baseline"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 5_000_000
