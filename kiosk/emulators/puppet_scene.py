"""The puppet's stage: a still portrait taken apart into background, body and a head with depth. Used by the puppet camera only.

The landmarks are fitted once (MediaPipe); everything that moves later is drawn from what is prepared here.
Coordinates: `canvas` pixels, a picture somewhat larger than the frame; the frame's corner lies at `Scene.origin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kiosk import models
from kiosk.camera.opencv import import_cv2
from kiosk.errors import CameraUnavailable

cv2 = import_cv2()

Array = np.ndarray[Any, Any]

FACE_SHARE = 0.36  # height of the face (hairline to chin) in the frame; the sources say 20 to 50 %
TRAGUS = (234, 454)  # points of the mesh beside the ears
FOREHEAD, CHIN = 10, 152
DEEPEN = 1.35  # the mesh is flatter than heads are; so the turns show the depth of genuine ones (facts: 0.18 to 0.82)


@dataclass(frozen=True, slots=True)
class Scene:
    """A portrait, ready to be moved. All float32 but the pictures, which are uint8 BGR."""

    size: tuple[int, int]  # frame (width, height)
    origin: tuple[int, int]  # where the frame's upper left corner lies on the canvas
    background: Array  # (height, width, 3), the frame without the person
    canvas: Array  # (rows, columns, 3), the portrait
    body_alpha: Array  # (rows, columns) 0..1, the person without the head
    head_alpha: Array  # (rows, columns) 0..1, head and neck
    depth: Array  # (rows, columns) pixels, smaller is nearer to the camera
    follow: Array  # (rows, columns) 0..1, how much a pixel follows the head's rotation
    points: Array  # (478, 3) landmarks on the canvas
    pivot: tuple[float, float, float]
    rest_yaw_deg: float  # where the person on the portrait looks: positive to the picture's right


def build_scene(portrait: Path, size: tuple[int, int]) -> Scene:
    """Fit `portrait` and prepare a scene for frames of `size` (width, height).

    Raises CameraUnavailable when the file is no picture, or shows no face; ModelError when the landmark model is missing.
    """
    try:
        return _scene(portrait.read_bytes(), size)
    except (OSError, _Unfit) as error:
        raise CameraUnavailable(f"puppet: {portrait}: {error}") from error


class _Unfit(Exception):
    """Nothing to be made of this picture."""


@lru_cache(maxsize=2)  # who comes again, or unplugs and plugs, is not fitted anew: nobody changes a scene
def _scene(picture: bytes, size: tuple[int, int]) -> Scene:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) if picture else None
    if image is None:
        raise _Unfit("is no picture")
    fitted, yaw_deg = fit_landmarks(image)
    if fitted is None:
        raise _Unfit("no face on it")
    width, height = size
    margin_x, margin_top, margin_bottom = int(0.3 * width), int(0.2 * height), int(0.7 * height)
    columns, rows = width + 2 * margin_x, height + margin_top + margin_bottom

    to_canvas, scale = _placement(fitted, (margin_x + width / 2, margin_top + 0.47 * height), FACE_SHARE * height)
    points = np.empty_like(fitted)
    points[:, :2] = fitted[:, :2] @ to_canvas[:, :2].T + to_canvas[:, 2]
    points[:, 2] = fitted[:, 2] * scale * DEEPEN
    canvas, inside = _onto_canvas(image, to_canvas, scale, (columns, rows))

    person = _person_mask(canvas, inside, points)
    follow = _follow(points, (rows, columns))
    head_alpha = cv2.GaussianBlur(person * (follow > 0.01), (0, 0), max(0.8, width / 640))
    body_alpha = cv2.GaussianBlur(person * (follow < 0.55), (0, 0), max(0.8, width / 640))
    origin = (margin_x, margin_top)
    grown = cv2.dilate(person, np.ones((17, 17), np.uint8))
    known = (grown < 0.5) & (inside > 0)
    behind = _fill(canvas, known)[margin_top : margin_top + height, margin_x : margin_x + width]
    left, right = points[TRAGUS[0]], points[TRAGUS[1]]
    chin_to_brow = float(points[CHIN, 1] - points[FOREHEAD, 1])
    pivot = (
        float(left[0] + right[0]) / 2,
        float(points[CHIN, 1]) + 0.05 * chin_to_brow,
        float(left[2] + right[2]) / 2 + 0.10 * chin_to_brow,
    )
    return Scene(
        size,
        origin,
        np.ascontiguousarray(behind),
        canvas,
        body_alpha,
        head_alpha,
        _depth(points, (rows, columns)),
        follow,
        points,
        pivot,
        yaw_deg,
    )


def fit_landmarks(image_bgr: Array) -> tuple[Array | None, float]:
    """Return the (478, 3) landmarks in pixels (depth in the same unit) and the yaw in degrees; None without a face."""
    from kiosk.liveness.mediapipe_import import import_mediapipe

    mp = import_mediapipe()
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(models.path("face-landmarker"))),
        output_facial_transformation_matrixes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        result = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb))
    if not result.face_landmarks:
        return None, 0.0
    height, width = image_bgr.shape[:2]
    points = np.array([(p.x * width, p.y * height, p.z * width) for p in result.face_landmarks[0]], np.float32)
    matrix = result.facial_transformation_matrixes[0]
    return points, float(np.degrees(np.arctan2(matrix[0, 2], matrix[2, 2])))


def _placement(points: Array, target: tuple[float, float], face_height: float) -> tuple[Array, float]:
    """Return the 2x3 matrix that puts the face upright, at `target`, `face_height` pixels high; and its scale."""
    axis = points[CHIN, :2] - points[FOREHEAD, :2]
    scale = face_height / float(np.hypot(*axis))
    # Eyes tell the roll better than forehead and chin, which lean with the yaw.
    eyes = points[263, :2] - points[33, :2]
    angle = -float(np.arctan2(eyes[1], eyes[0]))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = (points[FOREHEAD, :2] + points[CHIN, :2]) / 2
    return np.hstack([turn, (np.array(target) - turn @ centre)[:, None]]).astype(np.float32), scale


def _onto_canvas(image: Array, matrix: Array, scale: float, size: tuple[int, int]) -> tuple[Array, Array]:
    """Return the portrait on the canvas, its edges continued, and a mask of where it really is."""
    if scale < 1:  # warpAffine does not average: shrink first, or fine patterns shimmer
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix = matrix @ np.diag([1 / scale, 1 / scale, 1]).astype(np.float32)
    canvas = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full(image.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_NEAREST)
    return canvas, inside


def _person_mask(canvas: Array, inside: Array, points: Array) -> Array:
    """Cut the person out once with GrabCut, guided by the mesh. Returns uint8-valued float32 (rows, columns) of 0 and 1."""
    small = min(1.0, 85 / float(points[CHIN, 1] - points[FOREHEAD, 1]))
    picture = cv2.resize(canvas, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
    rows, columns = picture.shape[:2]
    face = points[:, :2] * small
    centre, chin = (face[FOREHEAD] + face[CHIN]) / 2, face[CHIN]
    tall = float(chin[1] - face[FOREHEAD, 1])
    wide = float(face[TRAGUS[1], 0] - face[TRAGUS[0], 0])
    mask = np.full((rows, columns), cv2.GC_BGD, np.uint8)
    middle = (round(float(centre[0])), round(float(centre[1])))
    # Where hair and ears may be; where shoulders may be; where neck and chest surely are; the face itself.
    cv2.ellipse(
        mask,
        (middle[0], round(middle[1] - 0.12 * tall)),
        (round(0.98 * wide), round(0.92 * tall)),
        0,
        0,
        360,
        int(cv2.GC_PR_BGD),
        -1,
    )
    low, far = rows, 2.6 * wide
    around = np.array(
        [
            (chin[0] - 0.55 * wide, chin[1] - 0.2 * tall),
            (chin[0] + 0.55 * wide, chin[1] - 0.2 * tall),
            (chin[0] + far, chin[1] + 0.35 * tall),
            (chin[0] + far, low),
            (chin[0] - far, low),
            (chin[0] - far, chin[1] + 0.35 * tall),
        ],
        np.int32,
    )
    cv2.fillPoly(mask, [around], int(cv2.GC_PR_BGD))
    shoulders = np.array(
        [
            (chin[0] - 0.5 * wide, chin[1]),
            (chin[0] + 0.5 * wide, chin[1]),
            (chin[0] + far, chin[1] + 1.3 * tall),
            (chin[0] + far, low),
            (chin[0] - far, low),
            (chin[0] - far, chin[1] + 1.3 * tall),
        ],
        np.int32,
    )
    cv2.fillPoly(mask, [shoulders], int(cv2.GC_PR_FGD))
    chest = np.array(
        [
            (chin[0] - 0.3 * wide, chin[1]),
            (chin[0] + 0.3 * wide, chin[1]),
            (chin[0] + 1.0 * wide, chin[1] + 1.5 * tall),
            (chin[0] + 1.0 * wide, low),
            (chin[0] - 1.0 * wide, low),
            (chin[0] - 1.0 * wide, chin[1] + 1.5 * tall),
        ],
        np.int32,
    )
    cv2.fillPoly(mask, [chest], int(cv2.GC_FGD))
    cv2.ellipse(
        mask,
        (middle[0], round(middle[1] - 0.1 * tall)),
        (round(0.60 * wide), round(0.72 * tall)),
        0,
        0,
        360,
        int(cv2.GC_PR_FGD),
        -1,
    )
    # Rather a little background that moves along than hair that stays behind.
    cv2.ellipse(
        mask, (middle[0], round(middle[1] - 0.08 * tall)), (round(0.52 * wide), round(0.62 * tall)), 0, 0, 360, int(cv2.GC_FGD), -1
    )
    hull = cv2.convexHull(face.astype(np.int32))
    cv2.fillConvexPoly(mask, hull, int(cv2.GC_FGD))
    certain = mask.copy()
    inside_small = cv2.resize(inside, (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
    mask[~inside_small & (mask != cv2.GC_FGD)] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    try:
        cv2.grabCut(picture, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # a picture of one colour has nothing to learn from: keep the guess
        mask = certain
    person = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    person = cv2.morphologyEx(person, cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8))
    # What hangs together with the face is the person; flags and lamps behind are not.
    count, labels = cv2.connectedComponents(person)
    if count > 2:
        person = (labels == labels[middle[1], middle[0]]).astype(np.uint8)
    smooth = cv2.GaussianBlur(person.astype(np.float32), (0, 0), 2.5)
    large = cv2.resize(smooth, (canvas.shape[1], canvas.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large > 0.5, np.float32)


def _follow(points: Array, shape: tuple[int, int]) -> Array:
    """How much each pixel follows the head: all of it above the chin, less and less down the neck, none of the shoulders."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    tall = float(points[CHIN, 1] - points[FOREHEAD, 1])
    wide = float(points[TRAGUS[1], 0] - points[TRAGUS[0], 0])
    middle = float(points[TRAGUS[0], 0] + points[TRAGUS[1], 0]) / 2
    down = _ramp((y - float(points[CHIN, 1])) / (0.5 * tall))
    # The head is wide at the ears; below the mouth only the neck may turn, not collar and shoulders beside it.
    below = 1 - _ramp((y - float(points[CHIN, 1]) + 0.35 * tall) / (0.35 * tall))
    reach = (0.95 - 0.43 * below) * wide
    aside = _ramp((np.abs(x - middle) - reach) / (0.18 * wide))
    return np.asarray(down * aside, np.float32)


def _ramp(t: Array) -> Array:
    """1 before 0, 0 after 1, smooth between."""
    t = np.clip(t, 0, 1)
    return np.asarray(1 - t * t * (3 - 2 * t), np.float32)


def _depth(points: Array, shape: tuple[int, int]) -> Array:
    """Depth of the head at each pixel: the mesh inside the face; outside, hair and ears continue its curve backwards."""
    rows, columns = shape
    known = np.zeros(shape, np.uint8)
    depth = np.zeros(shape, np.float32)
    subdivision = cv2.Subdiv2D((0, 0, columns, rows))
    index = {}
    for number, (px, py, _) in enumerate(points[:468]):
        if 1 <= px < columns - 1 and 1 <= py < rows - 1:
            subdivision.insert((float(px), float(py)))
            index[(round(float(px), 2), round(float(py), 2))] = number
    hull = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(points[:468, :2].astype(np.int32)), 1)
    for ax, ay, bx, by, cx, cy in subdivision.getTriangleList():
        corners = [index.get((round(float(u), 2), round(float(v), 2))) for u, v in ((ax, ay), (bx, by), (cx, cy))]
        if any(corner is None for corner in corners):
            continue
        triangle = points[[int(c) for c in corners if c is not None]]
        _paint_plane(depth, known, triangle)
    known &= hull
    tall = float(points[CHIN, 1] - points[FOREHEAD, 1])
    # Outside: nearest known depth, then backwards with the distance, as on a ball, flattening out.
    distance, labels = cv2.distanceTransformWithLabels(1 - known, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(int(labels.max()) + 1, np.float32)
    table[labels[known > 0]] = depth[known > 0]
    edge = cv2.GaussianBlur(table[labels], (0, 0), 0.05 * tall)
    outside = edge + 0.42 * tall * np.tanh(1.3 * distance / (0.42 * tall))
    whole = np.where(known > 0, depth, outside).astype(np.float32)
    # Crisp round the nose; smooth at the sides, where a face that looks a little aside has its points folded together.
    crisp = cv2.GaussianBlur(whole, (0, 0), max(1.0, 0.012 * tall))
    smooth = cv2.GaussianBlur(whole, (0, 0), 0.055 * tall)
    middle = points[list(TRAGUS), 0].mean()
    wide = float(points[TRAGUS[1], 0] - points[TRAGUS[0], 0])
    aside = np.clip((np.abs(np.arange(columns) - middle) / wide - 0.16) / 0.18, 0, 1)[None].astype(np.float32)
    above = np.clip((points[FOREHEAD, 1] + 0.25 * tall - np.arange(rows)) / (0.2 * tall), 0, 1)[:, None].astype(np.float32)
    share = np.maximum(aside, above)
    return np.asarray(crisp + share * (smooth - crisp), np.float32)


def _paint_plane(depth: Array, known: Array, triangle: Array) -> None:
    """Write the depth of one triangle of the mesh (its plane) into the picture."""
    low = np.floor(triangle[:, :2].min(0)).astype(int)
    high = np.ceil(triangle[:, :2].max(0)).astype(int) + 1
    matrix = np.hstack([triangle[:, :2], np.ones((3, 1), np.float32)])
    if abs(np.linalg.det(matrix)) < 1e-3:
        return
    plane = np.linalg.solve(matrix, triangle[:, 2])
    patch = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillConvexPoly(patch, np.round(triangle[:, :2] - low).astype(np.int32), 1)
    y, x = np.nonzero(patch)
    y, x = y + low[1], x + low[0]
    keep = (y >= 0) & (x >= 0) & (y < depth.shape[0]) & (x < depth.shape[1])
    y, x = y[keep], x[keep]
    low_z, high_z = triangle[:, 2].min(), triangle[:, 2].max()
    depth[y, x] = np.clip(plane[0] * x + plane[1] * y + plane[2], low_z, high_z)
    known[y, x] = 1


def _fill(picture: Array, known: Array) -> Array:
    """Fill what the person hid with what is around it, coarse to fine: a wall out of focus."""
    weight = known.astype(np.float32)
    result = picture.astype(np.float32)
    rest = np.broadcast_to(result[known].mean(0) if known.any() else result.mean((0, 1)), result.shape).astype(np.float32)
    for sigma in (96, 32, 10):
        small = max(1, sigma // 6)
        size = (picture.shape[1] // small, picture.shape[0] // small)
        share = cv2.GaussianBlur(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / small)
        colour = cv2.GaussianBlur(cv2.resize(result * weight[..., None], size, interpolation=cv2.INTER_AREA), (0, 0), sigma / small)
        share = cv2.resize(share, picture.shape[1::-1])[..., None]
        colour = cv2.resize(colour, picture.shape[1::-1])
        trust = np.clip(share / 0.15, 0, 1)
        rest = trust * colour / np.maximum(share, 1e-4) + (1 - trust) * rest
    soft = (cv2.GaussianBlur(weight, (0, 0), 7)[..., None] * 2 - 1).clip(0, 1)
    # All of it a little out of focus, as behind a person who stands near: the seam is lost in that.
    return np.asarray(cv2.GaussianBlur(np.clip(result * soft + rest * (1 - soft), 0, 255), (0, 0), 1.4), np.uint8)
