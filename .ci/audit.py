"""Report known vulnerabilities of the pinned packages; fail if there is one."""

import json
import subprocess
import sys
from typing import Any

COMMAND = ["pip_audit", "--format", "json", "--progress-spinner", "off"]
PIN_OPTIONS = ["--require-hashes", "--disable-pip"]


def main(files: list[str]) -> int:
    packages = audit(files)
    checked = [package for package in packages if "skip_reason" not in package]
    vulnerable = [package for package in checked if package["vulns"]]
    for package in vulnerable:
        for vulnerability in package["vulns"]:
            fixes = ", ".join(vulnerability["fix_versions"]) or "none"
            print_line(
                f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in: {fixes}"
            )
    if checked:
        print_line(f"pip-audit: {len(checked)} packages checked, {len(vulnerable)} vulnerable.")
    else:
        print_line("pip-audit: nothing checked, its source can't be reached.")
    if skipped := len(packages) - len(checked):
        print_line(f"pip-audit: {skipped} packages not checked, unknown to its source.")
    return 1 if vulnerable else 0


def audit(files: list[str]) -> list[dict[str, Any]]:
    """Return pip-audit's entry of each package, or nothing if it fails."""
    requirements = [argument for file in files for argument in ("--requirement", file)]
    completed = subprocess.run(  # noqa: S603
        [sys.executable, "-m", *COMMAND, *PIN_OPTIONS, *requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages: list[dict[str, Any]] = json.loads(completed.stdout)["dependencies"]
    except ValueError:
        print_line("\n".join(completed.stderr.strip().splitlines()[-1:]))
        return []
    return packages


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
