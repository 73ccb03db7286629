"""Makes the secrets of a new installation, each in a file of its own; what is there stays."""

import os
import secrets
import sys
from pathlib import Path

NAMES = ("secret_key", "database_password", "admin_password")
BYTES = 32
# The folder is mounted only where they are needed, by users of different ids.
READ_BY_ALL = 0o444


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("Name a folder: python -m mnistsite.entrypoints.generate_secrets FOLDER\n")
        return 2
    folder = Path(arguments[0])
    try:
        for name in NAMES:
            said = "made" if generate(folder / name) else "kept"
            sys.stdout.write(f"{folder / name}: {said}\n")
    except OSError as error:
        sys.stderr.write(f"The secrets can't be written: {error}\n")
        return 1
    return 0


def generate(path: Path) -> bool:
    """Whether it had to be made. The file has its name only once it is whole."""
    if path.exists():
        return False
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with aside.open("x") as file:
            file.write(secrets.token_urlsafe(BYTES))
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(READ_BY_ALL)
        os.link(aside, path)  # unlike a rename, never over what somebody else has made meanwhile
    except FileExistsError:
        return False
    finally:
        aside.unlink(missing_ok=True)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
