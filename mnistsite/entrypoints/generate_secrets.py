"""Generate the missing secrets of an installation, each in its own file."""

import os
import secrets
import sys
from pathlib import Path

NAMES = ("secret_key", "model_signing_key", "database_password", "admin_password")
BYTES = 32
# Users with different ids read the files; the folder is mounted only for them.
MODE = 0o444


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m mnistsite.entrypoints.generate_secrets FOLDER\n")
        return 2
    folder = Path(arguments[0])
    try:
        for name in NAMES:
            result = "created" if generate_secret(folder / name) else "exists already"
            sys.stdout.write(f"{folder / name}: {result}\n")
    except OSError as error:
        sys.stderr.write(f"Can't write the secrets: {error}\n")
        return 1
    return 0


def generate_secret(path: Path) -> bool:
    """Create the file, whole or not at all; return False if it exists."""
    if path.exists():
        return False
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("x") as file:
            file.write(secrets.token_urlsafe(BYTES))
            file.flush()
            os.fsync(file.fileno())
        part.chmod(MODE)
        os.link(part, path)  # unlike a rename, this never replaces another process's file
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
