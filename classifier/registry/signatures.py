"""Signatures of model folders: Ed25519 over the manifest, which has the checksum of every file."""

import json
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from classifier.recognition.durable_files import replace_file
from classifier.recognition.model_folder import MANIFEST, SIGNATURE, ArtifactError

# The public key of the model that comes with the project.
RELEASE_SIGNER = "d796dc309affa0283283e89c3e8422ab31d6effd4a894df744855cc448d6112b"


def sign_folder(folder: Path) -> None:
    """Sign a folder with the site's key. Raise ImproperlyConfigured if there is none."""
    key = _load_private_key()
    signature = key.sign((folder / MANIFEST).read_bytes()).hex()
    content = {"signer": _name_signer(key), "signature": signature}
    replace_file(folder / SIGNATURE, json.dumps(content, indent=2) + "\n")


def _load_private_key() -> Ed25519PrivateKey:
    if not settings.MODEL_SIGNING_KEY:
        raise ImproperlyConfigured("Set MODEL_SIGNING_KEY, or MODEL_SIGNING_KEY_FILE.")
    seed = sha256(settings.MODEL_SIGNING_KEY.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def _name_signer(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def list_trusted_signers() -> set[str]:
    """Return the public keys of the project, of this site, and of those it trusts."""
    own = {_name_signer(_load_private_key())} if settings.MODEL_SIGNING_KEY else set()
    return {RELEASE_SIGNER, *settings.TRUSTED_MODEL_SIGNERS} | own


def read_signer(folder: Path) -> str:
    """Return the public key that signed a folder, or "" if it is not signed.

    Raise ArtifactError if the signature is damaged or belongs to another manifest.
    """
    path = folder / SIGNATURE
    try:
        content = json.loads(path.read_text())
        signer = str(content["signer"])
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer))
        key.verify(bytes.fromhex(content["signature"]), (folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise ArtifactError(
            f"{path} is not the signature of this model. Restore the folder from a backup."
        ) from error
    return signer


def check_signature(folder: Path) -> str:
    """Return the signer of a folder, or "" if its signature is missing or wrong.

    With REQUIRE_SIGNED_MODELS, raise ArtifactError unless a trusted signer signed it.
    """
    try:
        signer = read_signer(folder)
    except ArtifactError:
        if settings.REQUIRE_SIGNED_MODELS:
            raise
        return ""
    if settings.REQUIRE_SIGNED_MODELS and signer not in list_trusted_signers():
        problem = f"is signed by {signer}, which is not trusted" if signer else "is not signed"
        raise ArtifactError(
            f"{folder} {problem}. Train it here or, if you know where it comes from, sign it: "
            f"python manage.py sign_model {folder.name}"
        )
    return signer
