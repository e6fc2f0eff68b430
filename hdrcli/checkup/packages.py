"""What is installed: hdrcli, Python, the system, and each package that hdrcli names, with the versions it allows."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from functools import partial
from importlib import import_module, metadata

import hdrcli
from hdrcli.checkup.outcome import Check, Note
from hdrcli.errors import HdrcliError

AREA = "packages"
CURE = "Type pip install --force-reinstall hdrcli, in a fresh virtual environment."

DEVELOPERS = ("test", "dev", "browser")
"""Extras that no user needs."""

_MODULES = {
    "openexr": "OpenEXR",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "scikit-image": "skimage",
    "cvvdp": "pycvvdp",
}
"""What packages are imported as, where that is not their name in small letters."""

_FLAVOURS = ("opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")
"""Packages that hold the same `cv2` as opencv-python-headless."""


def checks() -> Iterator[tuple[str, Check]]:
    """hdrcli and Python, then the packages of `dependencies`, then the extras."""
    yield "hdrcli", lambda: hdrcli.__version__
    yield "Python", lambda: f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", lambda: f"{platform.system()} {platform.release()} {platform.machine()}"
    required, extras = requirements()
    for name, specifier in required:
        yield name, partial(_required, name, specifier)
    for extra, wanted in extras.items():
        yield f"extra {extra}", partial(_extra, extra, wanted)


def requirements() -> tuple[list[tuple[str, str]], dict[str, list[tuple[str, str]]]]:
    """The packages that hdrcli needs here, and those of its extras: names and specifiers (">=2.6,<2.14").

    They are as they were when hdrcli was installed. Raises HdrcliError where it is not installed at all.
    """
    from packaging.requirements import Requirement

    try:
        lines = [Requirement(line) for line in metadata.requires("hdrcli") or ()]
        extras = metadata.metadata("hdrcli").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        raise HdrcliError("hdrcli runs from its source and is not installed.", "Type pip install .") from None
    here = [one for one in lines if one.marker is None or one.marker.evaluate({"extra": ""})]
    optional = [one for one in lines if one not in here]
    found = {
        extra: [
            (one.name, str(one.specifier)) for one in optional if one.marker and one.marker.evaluate({"extra": extra})
        ]
        for extra in extras
        if extra not in DEVELOPERS
    }
    return [(one.name, str(one.specifier)) for one in here], found


def _required(name: str, specifier: str) -> str:
    version = _version(name)
    if version is None:
        raise HdrcliError(f"{name} is not installed.", f"Type pip install '{name}{specifier}'.")
    if not fits(version, specifier):
        raise HdrcliError(
            f"{name} is {version}, but hdrcli needs {specifier}.", f"Type pip install '{name}{specifier}'."
        )
    import_module(_MODULES.get(name.lower(), name.lower()))
    return version


def fits(version: str, specifier: str) -> bool:
    """Whether a version is one of those that a specifier allows; a pre-release is what it comes before."""
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(specifier).contains(version, prereleases=True)


def _version(name: str) -> str | None:
    """The version of a package, or of another that stands for it."""
    for one in (name, *(_FLAVOURS if name == "opencv-python-headless" else ())):
        try:
            return metadata.version(one)
        except metadata.PackageNotFoundError:
            continue
    return None


def _extra(extra: str, wanted: list[tuple[str, str]]) -> str:
    """Versions of an extra's packages. Raises Note where one is not here: extras are optional."""
    found = {name: _version(name) for name, _ in wanted}
    missing = [name for name, version in found.items() if version is None]
    if missing:
        raise Note(f"without {', '.join(missing)}: pip install 'hdrcli[{extra}]'")
    wrong = [f"{name} {found[name]}" for name, specifier in wanted if not fits(found[name] or "0", specifier)]
    if wrong:
        raise HdrcliError(f"{', '.join(wrong)} is not as hdrcli needs it.", f"Type pip install 'hdrcli[{extra}]'.")
    return ", ".join(f"{name} {version}" for name, version in found.items())
