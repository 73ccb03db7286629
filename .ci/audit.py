"""Known vulnerabilities of the pinned packages: fails for those, and says what is not known."""

import json
import subprocess
import sys
from typing import Any

COMMAND = ["pip_audit", "--format", "json", "--progress-spinner", "off"]
PINNED = ["--require-hashes", "--disable-pip"]


def main(files: list[str]) -> int:
    packages = looked_up(files)
    checked = [package for package in packages if "skip_reason" not in package]
    vulnerable = [package for package in checked if package["vulns"]]
    for package in vulnerable:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "none"
            say(f"{package['name']} {package['version']}: {found['id']}, fixed in: {fixed}")
    if not checked:
        say("pip-audit: its source can't be reached; not checked.")
    else:
        left = len(packages) - len(checked)
        say(f"pip-audit: {len(checked)} packages checked, {len(vulnerable)} with a vulnerability.")
        say(f"pip-audit: {left} packages are unknown to its source; not checked." if left else "")
    return 1 if vulnerable else 0


def looked_up(files: list[str]) -> list[dict[str, Any]]:
    """Every package as pip-audit tells of it; none where it could not look."""
    named = [argument for file in files for argument in ("--requirement", file)]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", *COMMAND, *PINNED, *named],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        say("\n".join(done.stderr.strip().splitlines()[-1:]))
        return []
    return packages


def say(line: str) -> None:
    if line:
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
