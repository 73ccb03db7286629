"""The API follows its schema, for valid requests and many invalid ones."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from classifier.access import tokens
from classifier.access.throttles import AddressThrottle
from classifier.models import ApiToken, ModelVersion, Source
from classifier.recognition.labels import Scope
from classifier.tests.pictures import Draw
from classifier.uploads import submission

EXAMPLES = 6  # of each operation
# A schema can't describe what a valid picture or cursor is.
EXCLUDED_CHECK = "positive_data_acceptance"
OPERATION = """
[[operations]]
include-operation-id = "{operation}"
parameters = {{ {name} = "{value}" }}
"""


@pytest.fixture
def token(admin_user: User) -> str:
    return tokens.issue_token(
        ApiToken(name="a program", user=admin_user, scopes=list(map(str, Scope)))
    )


@pytest.fixture
def configuration(champion: ModelVersion, draw_digit: Draw) -> str:
    """The configuration of schemathesis, with ids that exist."""
    stored, deleted = (
        submission.classify_picture(draw_digit(7, which), Source.API) for which in (0, 1)
    )
    return "".join(
        OPERATION.format(operation=operation, name=name, value=value)
        for operation, name, value in (
            ("get_upload", "id", stored.id),
            ("delete_upload", "id", deleted.id),
            ("correct_upload", "id", stored.id),
            ("preview_boxes", "id", stored.id),
            ("get_image", "id", stored.digits[0].id),
            ("label_image", "id", stored.digits[0].id),
            ("suggest_label", "id", stored.digits[0].id),
            ("get_model", "name", champion.name),
            ("promote_model", "name", champion.name),
        )
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_operations_follow_the_schema(
    configuration: str,
    token: str,
    live_server: LiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AddressThrottle, "allow_request", lambda *_: True)
    (tmp_path / "schemathesis.toml").write_text(configuration)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{live_server}/api/schema"]
    options = [
        *("--header", f"Authorization: Bearer {token}"),
        *("--max-examples", str(EXAMPLES)),
        *("--exclude-checks", EXCLUDED_CHECK),
        "--generation-deterministic",
    ]

    completed = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert completed.returncode == 0, completed.stdout + completed.stderr
