import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.models import AuditEntry
from classifier.monitoring import audit_log
from classifier.tests.database import execute_without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries() -> list[AuditEntry]:
    """Three sealed entries."""
    for action in ("login", "promote", "logout"):
        audit_log.record_entry("anna", "session", action, "version 7", 302, {"reason": ["better"]})
    tasks.seal_audit_log(timestamp=0)
    return [*AuditEntry.objects.order_by("position")]


def list_faults() -> list[str]:
    return [finding.fault for finding in audit_log.verify_chain()]


def verify(*arguments: str) -> str:
    output = StringIO()
    call_command("audit_verify", *arguments, stdout=output)
    return output.getvalue()


def test_whole_log_has_no_faults(entries: list[AuditEntry]) -> None:
    audit_log.record_entry("anna", "session", "login")

    assert verify() == "The audit log is whole.\n"
    assert [entry.position for entry in AuditEntry.objects.order_by("pk")] == [1, 2, 3, 4]


def test_empty_log_has_no_faults() -> None:
    assert verify() == "The audit log is whole.\n"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET \"user\" = 'bert' WHERE action = 'promote'",
        "UPDATE audit_log SET details = '{}' WHERE action = 'promote'",
        "UPDATE audit_log SET position = NULL WHERE action = 'promote'",
    ],
)
def test_sealed_entry_cannot_be_changed(entries: list[AuditEntry], statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_log SET \"user\" = 'bert' WHERE position = 2", "Entry 2 has been changed."),
        ("DELETE FROM audit_log WHERE position = 2", "Entries before 3 are missing."),
        ("DELETE FROM audit_log WHERE position = 1", "Entries before 2 are missing."),
    ],
)
def test_tampering_is_found(entries: list[AuditEntry], statement: str, fault: str) -> None:
    execute_without_triggers(statement)
    assert list_faults() == [fault]
    with pytest.raises(CommandError, match="1 faults"):
        verify()


def test_expired_entries_are_deleted_without_a_fault(
    entries: list[AuditEntry], settings: Settings
) -> None:
    long_ago = timezone.now() - timedelta(days=settings.AUDIT_LOG_DAYS)
    AuditEntry.objects.all().delete()
    for days in (2, 1, -1):
        at = long_ago - timedelta(days=days)
        AuditEntry.objects.create(user="anna", via="session", action="login", at=at)
    audit_log.seal_entries()

    tasks.purge_audit_log(timestamp=0)

    assert list_faults() == []
    actions = AuditEntry.objects.order_by("position").values_list("position", "action")
    assert [*actions] == [(3, "login"), (4, "expire_entries")]


def test_settings_are_recorded_when_they_change() -> None:
    for hours in ("12", "12", "8"):
        audit_log.record_settings({"SESSION_HOURS": hours})

    recorded = AuditEntry.objects.order_by("pk").values_list("action", "details__SESSION_HOURS")
    assert [*recorded] == [("change_settings", "12"), ("change_settings", "8")]


def test_nul_loses_no_entry() -> None:
    audit_log.record_entry("anna", "session", "label", "nul\0", details={"name": ["a\0b"]})
    entry = AuditEntry.objects.get()
    assert (entry.target, entry.details) == ("nul", {"name": ["ab"]})


@pytest.fixture
def export(entries: list[AuditEntry], tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    call_command("audit_export", str(path), stdout=StringIO())
    return path


def test_export_verifies_itself(export: Path) -> None:
    audit_log.record_entry("anna", "session", "login")
    assert verify(str(export)) == (
        "The export is genuine, and its 3 entries are in the database.\n"
    )


def test_existing_file_is_not_overwritten(export: Path) -> None:
    with pytest.raises(CommandError, match="File exists"):
        call_command("audit_export", str(export))


def change_user(lines: list[dict[str, Any]]) -> None:
    lines[1]["user"] = "bert"


def drop_entry(lines: list[dict[str, Any]]) -> None:
    del lines[1]


def drop_last_entry(lines: list[dict[str, Any]]) -> None:
    del lines[2]


def change_head(lines: list[dict[str, Any]]) -> None:
    lines[-1]["head"] = "0" * 64


def drop_signature(lines: list[dict[str, Any]]) -> None:
    del lines[-1]


@pytest.mark.parametrize(
    "change", [change_user, drop_entry, drop_last_entry, change_head, drop_signature]
)
def test_changed_export_is_refused(
    export: Path, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    change(lines)
    export.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(CommandError):
        verify(str(export))


def test_rewritten_database_differs_from_the_export(export: Path) -> None:
    AuditEntry.objects.all().delete()
    for _ in range(3):
        audit_log.record_entry("bert", "session", "login")

    with pytest.raises(CommandError, match="the database has other entries"):
        verify(str(export))
