"""Two labellers, and a storage that fails."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from classifier.uploads.storage import DurableStorage, NoStorage


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert")


@pytest.fixture
def failing_storage(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the storage fail after one file; return the names that were saved."""
    save, names = DurableStorage._save, []

    def save_one(storage: DurableStorage, name: str, content: Any) -> str:
        names.append(name)
        if len(names) > 1:
            raise NoStorage
        return save(storage, name, content)

    monkeypatch.setattr(DurableStorage, "_save", save_one)
    return names
