"""Budgets of requests, by address, visitor or user."""

from django.db import models


class Budget(models.Model):
    """The remaining requests of an address, a visitor or a user, which grow with time.

    The table is not logged: after a crash of the database, everybody has a full budget.
    """

    key = models.BigIntegerField(primary_key=True, help_text="a keyed hash: no address is stored")
    full_at = models.DateTimeField(help_text="when nothing is used up any more")

    class Meta:
        db_table = "budgets"
        default_permissions = ()

    def __str__(self) -> str:
        return f"budget, full at {self.full_at}"
