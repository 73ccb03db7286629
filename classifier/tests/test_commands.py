import json
import os
import subprocess
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from classifier.models import ModelState, ModelVersion, Promotion, Source, Via
from classifier.recognition import model_folder
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.clock import freeze_time
from classifier.tests.commands import run_python
from classifier.tests.pictures import Draw

UNREACHABLE_DATABASE = "postgresql://nobody@127.0.0.1:1/nothing"


def run(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_models_are_listed_newest_first() -> None:
    factories.create_version(name="baseline", metrics={"test": {"accuracy": 0.9966}})
    snapshot = {"by_source": {Source.MNIST_SAMPLE: 4000}}
    factories.create_version(name="quick", state=ModelState.CHAMPION, snapshot=snapshot)
    reason = "On MNIST's test split 31 images got worse and 9 better (p = 0.0003); and so on."
    factories.create_version(name="worse", state=ModelState.REJECTED, comparison={"reason": reason})
    ModelVersion.objects.update(created_at=datetime(2024, 5, 6, 7, 8, tzinfo=UTC))
    create_promotion("quick", datetime(2024, 5, 7, 9, 10, tzinfo=UTC))

    assert run("models") == (
        "worse                    rejected   not measured  2024-05-06 07:08  "
        "On MNIST's test split 31 images got worse and 9 better (p = 0.0003); and so on.\n"
        "quick                    champion   not measured  2024-05-06 07:08  "
        "promoted 2024-05-07 09:10  SAMPLE of MNIST\n"
        "baseline                 candidate        99.66%  2024-05-06 07:08\n"
    )


def create_promotion(name: str, at: datetime, **values: Any) -> None:
    version = ModelVersion.objects.get(name=name)
    with freeze_time(at):
        Promotion.objects.create(model=version, **{"via": Via.COMMAND} | values)


@pytest.mark.django_db
def test_timeline_lists_serving_periods(admin_user: User) -> None:
    factories.create_version(name="baseline")
    factories.create_version(name="better", state=ModelState.CHAMPION)
    automatic = {"via": Via.AUTOMATIC, "reason": "It comes with the project."}
    create_promotion("baseline", datetime(2024, 5, 6, 7, 8, tzinfo=UTC), **automatic)
    create_promotion(
        "better", datetime(2024, 5, 7, 9, 10, tzinfo=UTC), by=admin_user, via=Via.ADMIN
    )

    assert run("models", "--timeline") == (
        "2024-05-07 09:10 – now               better                   admin, Admin\n"
        "2024-05-06 07:08 – 2024-05-07 09:10  baseline                 –, Automatic  "
        "It comes with the project.\n"
    )


@pytest.mark.django_db
def test_missing_models_are_reported() -> None:
    assert run("models") == (
        "There are no registered models. Register one: python manage.py promote NAME\n"
    )


@pytest.mark.django_db
def test_promote_and_rollback_name_the_champion_and_record_the_reason() -> None:
    factories.copy_bundled_model("second")
    reason = ("--reason", "It reads my 7s.")

    assert run("promote", "baseline") == "baseline is now the champion.\n"
    assert run("promote", "second", *reason) == "second is now the champion.\n"
    assert run("rollback", "--reason", "It does not.") == "baseline is the champion again.\n"

    assert ModelVersion.objects.get(state=ModelState.CHAMPION).name == "baseline"
    reasons = Promotion.objects.order_by("id").values_list("reason", "via")
    assert list(reasons) == [
        ("", "command"),
        ("It reads my 7s.", "command"),
        ("It does not.", "command"),
    ]


@pytest.mark.django_db
def test_rejected_model_needs_force() -> None:
    factories.copy_bundled_model("worse")
    versions.register_model("worse", {"passed": False, "reason": "Two images got worse."})

    with pytest.raises(CommandError) as raised:
        run("promote", "worse")

    assert str(raised.value) == (
        "Model worse was rejected: Two images got worse. "
        "To promote it anyway: python manage.py promote worse --force"
    )
    assert run("promote", "worse", "--force") == "worse is now the champion.\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [("promote", "nowhere"), ("rollback",), ("classify", "--model", "nowhere", "digit.png")],
    ids=" ".join,
)
def test_error_names_the_command_that_helps(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"manage\.py \w+"):
        run(*arguments)


@pytest.mark.django_db
def test_damaged_file_is_named() -> None:
    graph = factories.copy_bundled_model("damaged") / model_folder.GRAPH
    factories.flip_byte(graph)

    with pytest.raises(CommandError, match="checksum") as raised:
        run("promote", "damaged")

    assert str(graph) in str(raised.value)


def test_classify_prints_answer_without_ids(tmp_path: Path, draw_digit: Draw) -> None:
    # This test has no access to a database: the command needs none.
    picture = tmp_path / "seven.png"
    picture.write_bytes(draw_digit(7))

    answer = json.loads(run("classify", str(picture)))

    assert (answer["file"], answer["label"], answer["verdict"]) == (str(picture), "7", "digit")
    answer_keys = {"file", "digits", "left_out", "lines", "model"}
    keys = {
        *["label", "verdict", "reason", "sentence", "best_guess", "confidence", "probabilities"]
    }
    assert set(answer) == keys | answer_keys
    assert set(answer["digits"][0]) == keys | {"box"}
    assert answer["model"] == "baseline"


def test_classify_uses_the_named_model(tmp_path: Path, draw_digit: Draw) -> None:
    factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(confidence=1.01))
    picture = tmp_path / "seven.png"
    picture.write_bytes(draw_digit(7))

    answer = json.loads(run("classify", "--model", "strict", str(picture)))

    assert (answer["model"], answer["verdict"], answer["best_guess"]) == ("strict", "unsure", "7")


def run_classify(*files: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process whose database can't be reached."""
    environment = os.environ | {"DATABASE_URL": UNREACHABLE_DATABASE}
    environment.pop("SECRET_KEY", None)
    return run_python("manage.py", "classify", *map(str, files), environment=environment)


@pytest.mark.slow
def test_classify_continues_after_bad_file(tmp_path: Path, draw_digit: Draw) -> None:
    two, text, nowhere, nine = (tmp_path / name for name in ("2.png", "a.txt", "none", "9.jpg"))
    two.write_bytes(draw_digit(2))
    text.write_text("hello")
    nine.write_bytes(draw_digit(9, kind="JPEG"))

    process = run_classify(two, text, nowhere, nine)

    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert [line["file"] for line in lines] == list(map(str, (two, text, nowhere, nine)))
    assert [line.get("label") for line in lines] == ["2", None, None, "9"]
    assert lines[1]["code"] == "not_an_image"
    assert (
        lines[1]["detail"]
        == "The file is not an image. Send a JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF."
    )
    assert lines[2]["code"] == "unreadable"
    assert str(nowhere) in lines[2]["detail"]
    assert process.returncode != 0
    assert "2 of 4 files could not be read." in process.stderr
    assert sorted(tmp_path.iterdir()) == sorted([two, text, nine])


def test_classify_reads_folder_in_order(tmp_path: Path, draw_digit: Draw) -> None:
    names = ("b/2.png", "a/deep/9.png", "a.txt", "a/deep/.hidden.png", ".hidden/3.png")
    for name in names:
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / name).write_bytes(draw_digit(2))
    (tmp_path / "pictures" / "a.txt").write_text("hello")
    (tmp_path / "alone.png").write_bytes(draw_digit(7))
    output = StringIO()

    with pytest.raises(CommandError, match=r"1 of 4 files could not be read\."):
        call_command("classify", tmp_path / "pictures", tmp_path / "alone.png", stdout=output)

    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    files = [str(Path(line["file"]).relative_to(tmp_path)) for line in lines]
    assert files == ["pictures/a/deep/9.png", "pictures/a.txt", "pictures/b/2.png", "alone.png"]
    assert [line.get("label") for line in lines] == ["2", None, "2", "7"]


def test_classify_refuses_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There are no files in the given folders"):
        run("classify", str(tmp_path))


def test_classify_separates_stages_of_equal_names(tmp_path: Path, draw_digit: Draw) -> None:
    for name in ("one", "two"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        (tmp_path / "pictures" / name / "seven.png").write_bytes(draw_digit(7))

    run("classify", str(tmp_path / "pictures"), "--debug", str(tmp_path / "stages"))

    for name in ("one", "two"):
        assert (tmp_path / "stages" / name / "seven-01-picture.png").is_file()


def test_classify_writes_stages(tmp_path: Path, draw_digit: Draw) -> None:
    (tmp_path / "seven.png").write_bytes(draw_digit(7))

    call_command("classify", tmp_path / "seven.png", debug=tmp_path / "stages", stdout=StringIO())

    assert [path.name for path in sorted((tmp_path / "stages").iterdir())] == [
        "seven-01-picture.png",
        "seven-02-ink.png",
        "seven-03-group.png",
        "seven-04-digit.png",
    ]
