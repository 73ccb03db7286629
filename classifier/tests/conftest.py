"""Two people who label."""

import pytest
from django.contrib.auth.models import User


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert")
