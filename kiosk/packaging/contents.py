"""What a package holds: the program's parts, and what is left out of the libraries, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

# Debian 12's CPython, carried along: the same interpreter on Debian 12 and 13, the one that the pins were tried with.
INTERPRETER = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib")
PYTHON = "python3.11"

# Of the interpreter's own library: nothing here opens windows with Tk, makes installers, or is edited on a station.
INTERPRETER_LEFT_OUT = (
    "idlelib",
    "lib2to3",
    "tkinter",
    "turtle*",
    "ensurepip",
    "pydoc_data",
    "test",
    "config-3.11-*",
    "__pycache__",
)

# What every library may lose: its own tests, sources of headers and type stubs are for who builds upon it.
ANYWHERE = ("__pycache__", "*.pyi", "*.pxd", "*.pyx", "*.h", "*.hpp", "INSTALLER", "REQUESTED", "direct_url.json")
TEST_FOLDERS = frozenset({"tests", "test", "testing"})
# These import a folder of that name when they run.
TESTING_NEEDED = frozenset({"numpy/testing", "sqlite_utils/testing"})

# Below site-packages. Measured by size, then tried: the packaged kiosk's doctor, first page and visit run without them.
LEFT_OUT: dict[str, str] = {
    "pip": "installs nothing on a station",
    "pip-*.dist-info": "see pip",
    "setuptools": "builds nothing on a station",
    "setuptools-*.dist-info": "see setuptools",
    "pkg_resources": "see setuptools",
    "_distutils_hack": "see setuptools",
    "distutils-precedence.pth": "see setuptools",
    "PySide6/Qt/qml": "no page is QML",
    "PySide6/Qt/translations": "Qt's own dialogues are never shown",
    "PySide6/Qt/metatypes": "for who compiles against Qt",
    "PySide6/Qt/libexec": "for who compiles against Qt",
    "PySide6/Qt/plugins/qmltooling": "no QML",
    "PySide6/Qt/plugins/qmllint": "no QML",
    "PySide6/Qt/plugins/designer": "Qt Designer",
    "PySide6/Qt/plugins/sqldrivers": "the database is SQLCipher's",
    "PySide6/Qt/plugins/wayland-*": "the screen is X11",
    "PySide6/Qt/plugins/egldeviceintegrations": "the screen is X11",
    "PySide6/Qt/plugins/vectorimageformats": "Lottie animations",
    "PySide6/Qt/plugins/networkinformation": "Qt does no network here",
    "PySide6/Qt/plugins/tls": "Qt does no network here",
    "PySide6/Qt/plugins/platforms/libqwayland*": "the screen is X11",
    "PySide6/Qt/plugins/platforms/libqeglfs*": "the screen is X11",
    "PySide6/Qt/plugins/platforms/libqvkkhr*": "the screen is X11",
    "PySide6/Qt/plugins/platforms/libqminimalegl*": "the screen is X11",
    "PySide6/Qt/plugins/platforms/libqvnc*": "nobody looks on from afar",
    "PySide6/Qt/lib/libQt6Quick*": "no QML",
    "PySide6/Qt/lib/libQt6Qml*": "no QML",
    "PySide6/Qt/lib/libQt6Labs*": "no QML",
    "PySide6/Qt/lib/libQt6Designer*": "Qt Designer",
    "PySide6/Qt/lib/libQt6Wayland*": "the screen is X11",
    "PySide6/Qt/lib/libQt6EglF*": "the screen is X11",
    "PySide6/Qt/lib/libQt6WlShell*": "the screen is X11",
    "PySide6/Qt/plugins/printsupport": "slips go to the printer's own port",
    "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboard*": "the desk has a keyboard of its own",
    "PySide6/Qt/lib/libQt6Help*": "Qt Assistant",
    "PySide6/Qt/lib/libQt6Sql*": "the database is SQLCipher's",
    "PySide6/Qt/lib/libQt6Test*": "tests",
    "PySide6/Qt/lib/libQt6UiTools*": "Qt Designer",
    "PySide6/Qt/lib/libQt6Lottie*": "Lottie animations",
    "PySide6/Qt/lib/libQt6Concurrent*": "nothing uses it",
    "PySide6/Qt/lib/libQt6PrintSupport*": "slips go to the printer's own port",
    "PySide6/libpyside6qml*": "no QML",
    "PySide6/qml*": "tools for who compiles",
    "PySide6/l[ru][a-z]*": "tools for translators",
    "PySide6/assistant": "Qt Assistant",
    "PySide6/linguist": "tools for translators",
    "PySide6/designer": "Qt Designer",
    "PySide6/svgtoqml": "no QML",
    "PySide6/balsam*": "no QML",
    "PySide6/rcc": "for who compiles",
    "PySide6/uic": "for who compiles",
    "PySide6/typesystems": "for who compiles",
    "PySide6/scripts": "for who compiles",
    "PySide6/include": "for who compiles",
    "PySide6/glue": "for who compiles",
    "PySide6/doc": "for who compiles",
    "PySide6/QtQml*": "no QML",
    "PySide6/QtQuick*": "no QML",
    "PySide6/QtDesigner*": "Qt Designer",
    "PySide6/QtUiTools*": "Qt Designer",
    "PySide6/QtHelp*": "Qt Assistant",
    "PySide6/QtSql*": "the database is SQLCipher's",
    "PySide6/QtTest*": "tests",
    "PySide6/QtConcurrent*": "nothing uses it",
    "PySide6/QtPrintSupport*": "slips go to the printer's own port",
    "PySide6/QtOpenGL*": "pages are painted by the processor",
    "cv2/data": "Haar cascades: faces are found by models of our own list",
    "cv2/qt": "a second Qt's fonts and plug-ins",
    "onnxruntime/transformers": "converts models, runs none",
    "onnxruntime/quantization": "converts models, runs none",
    "onnxruntime/tools": "converts models, runs none",
    "onnxruntime/datasets": "examples",
    "zstandard/_cffi*": "a second copy of the same code; backend_c is used",
    "shapely/tests": "tests",
}

# The program's own parts that a package carries, below the project's folder.
KIOSK_PARTS = ("kiosk", "assets", "config", "docs", "LICENSE", "README.md", "CHANGELOG.md")
# What measures, shows, emulates and packs works from the source tree (pyproject.toml leaves it out of a wheel in the same way).
WORKBENCH = ("bench", "demo", "emulators", "evaluate", "gallery", "packaging")
ASSETS_LEFT_OUT = ("assets/demo-faces", "assets/models/voice", "assets/deploy/package", "config/demo")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One package: its name, the lock that its environment is made from, and whether it shows pages."""

    name: str
    locks: tuple[str, ...]
    screen: bool

    @property
    def home(self) -> str:
        """Where it lies on the machine; versions stand beside each other below it."""
        return f"/opt/{self.name}"


KIOSK = Purpose("pension-kiosk", ("kiosk",), screen=True)
BUREAU = Purpose("pension-kiosk-bureau", ("bureau",), screen=False)


def left_out(below_site_packages: str) -> bool:
    """Return whether a file or folder of the libraries is left out. The path is relative, with forward slashes."""
    path = PurePosixPath(below_site_packages)
    if any(path.match(pattern) for pattern in ANYWHERE):
        return True
    if any(len(PurePosixPath(pattern).parts) == len(path.parts) and path.match(pattern) for pattern in LEFT_OUT):
        return True
    return path.name in TEST_FOLDERS and len(path.parts) > 1 and path.as_posix() not in TESTING_NEEDED
