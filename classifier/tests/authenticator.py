"""An authenticator in software, which creates a passkey and signs with it like a browser."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

ORIGIN = "http://localhost"
FLAG = AuthenticatorData.FLAG


class Authenticator:
    def __init__(self, origin: str = ORIGIN, verifies_user: bool = True) -> None:
        self.origin = origin
        self.flags = FLAG.UP | (FLAG.UV if verifies_user else FLAG.UP)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = b"a credential"
        self.count = 0

    def create(self, options: str) -> str:
        public_key = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        credential = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public_key)
        asked = json.loads(options)
        data = AuthenticatorData.create(
            sha256(asked["rp"]["id"].encode()), self.flags | FLAG.AT, self.count, credential
        )
        attestation = AttestationObject.create("none", data, {})
        return self._serialize(
            "webauthn.create", asked, {"attestationObject": websafe_encode(attestation)}
        )

    def sign(self, options: str) -> str:
        self.count += 1
        asked = json.loads(options)
        data = AuthenticatorData.create(sha256(asked["rpId"].encode()), self.flags, self.count)
        client_data = self._describe("webauthn.get", asked)
        signature = self.key.sign(data + client_data.hash, ec.ECDSA(SHA256()))
        parts = {"authenticatorData": data, "signature": signature}
        encoded = {name: websafe_encode(part) for name, part in parts.items()}
        return self._serialize("webauthn.get", asked, encoded)

    def _describe(self, type_: str, asked: dict[str, Any]) -> CollectedClientData:
        challenge = websafe_decode(asked["challenge"])
        return CollectedClientData.create(type_, challenge, self.origin)

    def _serialize(self, type_: str, asked: dict[str, Any], response: dict[str, str]) -> str:
        identifier = websafe_encode(self.credential_id)
        client_data = websafe_encode(self._describe(type_, asked))
        return json.dumps(
            {
                "id": identifier,
                "rawId": identifier,
                "type": "public-key",
                "response": response | {"clientDataJSON": client_data},
            }
        )
