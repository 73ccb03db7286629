"""Two people who label, and a store of files that goes away."""

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
def only_one_file(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The store takes one file and is gone then; what it was asked to keep."""
    save, names = DurableStorage._save, []

    def save_one(storage: DurableStorage, name: str, content: Any) -> str:
        names.append(name)
        if len(names) > 1:
            raise NoStorage
        return save(storage, name, content)

    monkeypatch.setattr(DurableStorage, "_save", save_one)
    return names
