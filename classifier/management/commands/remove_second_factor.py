from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from classifier.access import second_factor


class Command(BaseCommand):
    help = (
        "Remove the second factor of users who have lost it, and end their sessions. With "
        "REQUIRE_SECOND_FACTOR, they set up a new one at the next login."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="+", metavar="NAME", help="user name")

    def handle(self, *_: Any, names: list[str], **options: Any) -> None:
        for name in names:
            user = User.objects.filter(username=name).first()
            if user is None:
                raise CommandError(f"There is no user {name}.")
            if not second_factor.remove(user):
                raise CommandError(f"{name} has no second factor.")
            user.sessions.all().delete()
            self.stdout.write(f"{name} has no second factor any more, and is logged out.")
