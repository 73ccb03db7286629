"""The bundled model, through the whole path, stays above what it is known for."""

from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from classifier.recognition import imaging
from classifier.recognition.labels import Verdict
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from training.data.images import Images
from training.evaluation import evaluate, labelled_files
from training.evaluation.evaluate import Answers
from training.evaluation.labelled_files import Labelled

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]

# Typefaces that no model has learnt from, and letters that are no digit's twin.
FONTS = ("DejaVuSans-Oblique", "DejaVuSerif-Italic", "STIXGeneralItalic", "DejaVuSansMono")
LETTERS = "ABEFHKMNPRTUVWXYadefhkmnrtuvwxαβγδεηκλμνξπρτφχψω"


@pytest.fixture(scope="module")
def mnist(baseline: Recognizer, digits: Digits) -> Answers:
    return evaluate.of_images(baseline, Images(digits[0][::3], digits[1][::3]))


@pytest.fixture(scope="module")
def others(baseline: Recognizer) -> Answers:
    """By people who never wrote for MNIST, in eight by eight pixels."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pixels = np.clip(data.images[::3] * 16, 0, 255).astype(np.uint8)
    pictures = map(imaging.from_array, pixels)
    labels = map(str, data.target[::3])
    return labelled_files.judge(map(Labelled, pictures, labels), baseline)


@pytest.fixture(scope="module")
def letters(baseline: Recognizer) -> Answers:
    pictures = (letter(character, font) for font in FONTS for character in LETTERS)
    return labelled_files.judge((Labelled(picture, "") for picture in pictures), baseline)


def letter(character: str, name: str) -> imaging.Picture:
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    paper = Image.new("L", (200, 200), 255)
    pen = ImageDraw.Draw(paper)
    pen.text((100, 100), character, fill=0, font=ImageFont.truetype(path, 120), anchor="mm")
    return imaging.from_array(np.asarray(paper))


def test_mnist_is_read_kept_and_calibrated(mnist: Answers) -> None:
    found = evaluate.figures(mnist)
    assert found["accuracy"] >= 0.995
    assert found["coverage"] >= 0.97
    assert found["accuracy_at_digit"] >= 0.998
    assert found["ece"] <= 0.004


def test_other_people_s_digits_are_read(others: Answers) -> None:
    found = evaluate.figures(others)
    assert found["accuracy"] >= 0.965
    assert found["accuracy_at_digit"] >= 0.99


def test_letters_are_refused_and_told_from_digits(mnist: Answers, letters: Answers) -> None:
    found = evaluate.figures(Answers.join([mnist, letters]))
    assert found["non_digits"] == len(FONTS) * len(LETTERS)
    assert found["non_digits_refused"] >= 0.9
    assert found["auroc"] >= 0.98


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_a_photo_is_no_digit(name: str, baseline: Recognizer) -> None:
    from sklearn.datasets import load_sample_images

    data = load_sample_images()
    [photo] = [
        image
        for image, path in zip(data.images, data.filenames, strict=True)
        if Path(path).name == name
    ]
    answered = labelled_files.judge([Labelled(imaging.from_array(photo), "")], baseline)
    assert (answered.truth[0], answered.kept[0]) == (NOT_A_DIGIT, False)


def test_a_handwritten_year_is_read(baseline: Recognizer, digits: Digits) -> None:
    paper = np.full((60, 160), 255, np.uint8)
    for place, digit in enumerate((2, 0, 1, 9)):
        paper[16:44, 12 + 36 * place : 40 + 36 * place] -= digits[0][digits[1] == digit][5]
    found = imaging.find_digits(imaging.from_array(paper))
    said = baseline.recognize(each.pixels for each in found)
    assert "".join(each.label for each in said) == "2019"
    assert {each.verdict for each in said} == {Verdict.DIGIT}


def test_the_folder_is_small() -> None:
    folder = settings.BUNDLED_MODELS_DIR / "baseline"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 5_000_000
