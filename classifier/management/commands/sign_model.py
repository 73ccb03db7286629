"""Command that signs a model folder."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from classifier.models import ModelVersion
from classifier.recognition import model_folder
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import signatures
from classifier.registry.serving import find_model_folder


class Command(BaseCommand):
    help = (
        "Sign a model folder with MODEL_SIGNING_KEY, for example one from another site. `train` "
        "signs what it writes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the model")

    def handle(self, *_: Any, name: str, **options: Any) -> None:
        folder = find_model_folder(name)
        try:
            model_folder.verify(folder)
            signatures.sign_folder(folder)
            signer = signatures.read_signer(folder)
        except (ArtifactError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{folder} can't be written: {error.strerror}.") from error
        ModelVersion.objects.filter(name=name).update(signer=signer)
        self.stdout.write(f"{folder} is signed by {signer}.")
