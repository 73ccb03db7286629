from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from classifier.management.base import FileCommand
from classifier.models import ModelVersion
from classifier.recognition import model_folder
from classifier.registry import signatures
from classifier.registry.serving import find_model_folder


class Command(FileCommand):
    help = (
        "Sign a model folder with MODEL_SIGNING_KEY, for example one from another site. `train` "
        "signs what it writes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the model")

    def handle(self, *_: Any, name: str, **options: Any) -> None:
        folder = find_model_folder(name)
        model_folder.verify(folder)
        signatures.sign_folder(folder)
        signer = signatures.read_signer(folder)
        # A machine that signs models for other sites may have no database, or an empty one.
        with suppress(DatabaseError, ImproperlyConfigured):
            ModelVersion.objects.filter(name=name).update(signer=signer)
        self.stdout.write(f"{folder} is signed by {signer}.")
