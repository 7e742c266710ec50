"""A drawn elderly face that does the actions, as one sees oneself in a mirror: one's own left is on the left."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen

from kiosk.domain.reasons import Action
from kiosk.ui.theme import Look, Palette
from kiosk.ui.widgets.flow import centre_square
from kiosk.ui.widgets.motion import Moving, bump


@dataclass(frozen=True, slots=True)
class Pose:
    """How the face is held. yaw: -1 to the left edge of the picture, 1 to the right; pitch: 1 nods down."""

    yaw: float = 0.0
    pitch: float = 0.0
    eyes: float = 1.0  # 1 open, 0 closed
    mouth: float = 0.0  # 0 smiling, 1 wide open
    hat: bool = False
    glasses: bool = False
    young: bool = False  # the relative who helps
    woman: bool = False  # hair to the chin


def pose_at(action: Action | None, phase: float) -> Pose:
    """Return the pose at a phase of an action's loop; without an action the face rests and blinks now and then."""
    if action is Action.BLINK:
        closed = max(bump(phase, 0.2, 0.3, 0.42, 0.52), bump(phase, 0.62, 0.70, 0.76, 0.84))
        return Pose(eyes=1 - closed)
    if action is Action.MOUTH_OPEN:
        return Pose(mouth=bump(phase, 0.18, 0.4, 0.62, 0.82))
    if action is Action.READ_DIGITS:
        return Pose(mouth=0.6 * max(bump(phase, at, at + 0.06, at + 0.1, at + 0.16) for at in (0.08, 0.3, 0.52, 0.74)))
    if action in (Action.TURN_LEFT, Action.TURN_RIGHT):
        turn = bump(phase, 0.15, 0.45, 0.6, 0.88)
        return Pose(yaw=-turn if action is Action.TURN_LEFT else turn)
    if action is Action.NOD:
        return Pose(pitch=max(bump(phase, 0.12, 0.3, 0.36, 0.5), bump(phase, 0.52, 0.68, 0.74, 0.9)))
    return Pose(eyes=1 - bump(phase, 0.86, 0.89, 0.9, 0.94))


def paint_face(painter: QPainter, square: QRectF, pose: Pose, colours: Palette, *, ground: bool = True) -> None:
    """Draw the face into a square, in a round tinted medallion when `ground`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(square.topLeft())
    painter.scale(square.width() / 100, square.height() / 100)
    painter.setPen(Qt.PenStyle.NoPen)
    if ground:
        clip = QPainterPath()
        clip.addEllipse(QRectF(0, 0, 100, 100))
        painter.fillPath(clip, QColor("#DCEBE4"))
        painter.setClipPath(clip)
    if pose.young:
        colours = replace(colours, hair="#3B3230", cloth="#B9793F")
    _shoulders(painter, colours)
    painter.save()
    painter.translate(pose.yaw * 2.5, pose.pitch * 5)
    _head(painter, pose, colours)
    painter.restore()
    painter.restore()


def _shoulders(painter: QPainter, colours: Palette) -> None:
    body = QPainterPath(QPointF(8, 104))
    body.cubicTo(12, 84, 28, 81, 40, 79)
    body.lineTo(60, 79)
    body.cubicTo(72, 81, 88, 84, 92, 104)
    painter.fillPath(body, QColor(colours.cloth))
    collar = QPainterPath(QPointF(38, 79))
    collar.lineTo(50, 92)
    collar.lineTo(62, 79)
    painter.fillPath(collar, QColor("#F7F3E8"))
    painter.fillRect(QRectF(42, 66, 16, 15), QColor(colours.skin_shade))
    neck = QPainterPath(QPointF(42, 79))
    neck.lineTo(50, 87)
    neck.lineTo(58, 79)
    painter.fillPath(neck, QColor(colours.skin_shade))


def _head(painter: QPainter, pose: Pose, colours: Palette) -> None:
    skin, shade, hair = QColor(colours.skin), QColor(colours.skin_shade), QColor(colours.hair)
    yaw, pitch = pose.yaw, pose.pitch
    painter.setBrush(hair)  # hair behind the head
    painter.drawEllipse(QRectF(25.5 - yaw * 2, 15, 49, 46))
    if pose.woman:
        painter.drawRoundedRect(QRectF(22.5 - yaw * 2, 26, 55, 44), 12, 16)
    painter.setBrush(shade)  # ears: the far one goes behind
    for side in (-1, 1):
        hidden = max(0.0, yaw * side)
        if hidden < 0.85:
            x = 50 + side * (24.5 - 5 * hidden) - yaw * 5
            painter.drawEllipse(QPointF(x, 50 - pitch * 3), 4.2 * (1 - hidden * 0.5), 6.4)
    head = QPainterPath(QPointF(50, 19))
    head.cubicTo(66, 19, 75, 31, 74, 47)
    head.cubicTo(73.5, 63, 63, 77, 50, 77)
    head.cubicTo(37, 77, 26.5, 63, 26, 47)
    head.cubicTo(25, 31, 34, 19, 50, 19)
    painter.fillPath(head, skin)
    painter.save()
    painter.setClipPath(head, Qt.ClipOperation.IntersectClip)
    if abs(yaw) > 0.02:  # the side turned away lies in shade
        away = QColor(shade)
        away.setAlphaF(min(0.55, abs(yaw) * 0.7))
        painter.setBrush(away)
        painter.drawEllipse(QRectF(50 - yaw * 44 - 20, 20, 40, 60))
    fringe = QPainterPath(QPointF(20, 16))  # hair over the forehead
    dip = 31 + pitch * 7
    fringe.lineTo(80, 16)
    fringe.lineTo(78, 45)
    fringe.cubicTo(73 + yaw * 4, 41, 71 + yaw * 5, 36, 67 + yaw * 6, dip)
    fringe.cubicTo(55 + yaw * 10, dip + 5, 44 + yaw * 10, dip - 1, 34 + yaw * 6, dip - 2)
    fringe.cubicTo(29 + yaw * 5, 36, 27 + yaw * 4, 41, 22, 45)
    fringe.closeSubpath()
    painter.fillPath(fringe, hair)
    painter.restore()
    _features(painter, pose, colours)
    if pose.hat:
        painter.setBrush(QColor("#4A5F7A"))
        crown = QPainterPath(QPointF(27, 29))
        crown.cubicTo(28, 8, 72, 8, 73, 29)
        crown.closeSubpath()
        painter.drawPath(crown)
        painter.setBrush(QColor("#34465C"))
        painter.drawRoundedRect(QRectF(20, 27, 60, 8), 4, 4)


def _features(painter: QPainter, pose: Pose, colours: Palette) -> None:
    dark = QColor(colours.feature)
    shift, drop = pose.yaw * 13, pose.pitch * 7
    for side in (-1, 1):
        near = 1 - 0.35 * max(0.0, pose.yaw * side)  # the far eye is narrower
        x, y = 50 + side * 11 * near + shift, 46 + drop
        pen = QPen(QColor(colours.hair).darker(135), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        brow = QPainterPath(QPointF(x - 5 * near, y - 6.5))
        brow.quadTo(x, y - 9, x + 5 * near, y - 6.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(brow)
        painter.setPen(Qt.PenStyle.NoPen)
        if pose.eyes > 0.25:
            painter.setBrush(QColor("#FFFFFF"))
            painter.drawEllipse(QPointF(x, y), 4.6 * near, 3.5 * pose.eyes)
            painter.setBrush(dark)
            painter.drawEllipse(QPointF(x + pose.yaw * 0.8, y), 2.5 * near, min(2.6, 3.4 * pose.eyes))
        else:
            painter.setPen(QPen(dark, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            lid = QPainterPath(QPointF(x - 4.8 * near, y))
            lid.quadTo(x, y + 2.6, x + 4.8 * near, y)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(lid)
            painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(
        QPen(QColor(colours.skin_shade).darker(118), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    )
    lean = 1.0 if pose.yaw >= 0 else -1.0
    nose = QPainterPath(QPointF(50 + shift * 1.1, 48 + drop))
    nose.quadTo(50 + shift * 1.45 + lean * 4.5, 56.5 + drop * 1.1, 50 + shift * 1.2 - lean * 1.0, 57 + drop * 1.1)
    painter.drawPath(nose)
    if pose.glasses:
        painter.setPen(QPen(QColor("#20282A"), 1.8))
        painter.setBrush(QColor(32, 40, 42, 235))
        for side in (-1, 1):
            painter.drawRoundedRect(QRectF(50 + side * 11 - 8.5 + shift, 40.5 + drop, 17, 11.5), 5, 5)
        painter.drawLine(QPointF(47 + shift, 44 + drop), QPointF(53 + shift, 44 + drop))
    if not pose.young:  # smile lines and crow's feet: somebody of one's own age
        fine = QColor(colours.skin_shade).darker(104)
        painter.setPen(QPen(fine, 1.1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for side in (-1, 1):
            near = 1 - 0.5 * max(0.0, pose.yaw * side)
            x = 50 + shift + side * 13.5 * near
            fold = QPainterPath(QPointF(x - side * 3, 57 + drop))
            fold.quadTo(x + side * 0.5, 60 + drop, x - side * 0.2, 64.5 + drop)
            painter.drawPath(fold)
            eye = 50 + shift + side * 18.2 * near
            for slope in (-1.6, 0.4, 2.2):
                painter.drawLine(QPointF(eye, 46 + drop + slope * 0.4), QPointF(eye + side * 2.6 * near, 46 + drop + slope))
    _mouth(painter, pose, colours, 50 + shift * 0.95, 65 + drop * 0.9)


def _mouth(painter: QPainter, pose: Pose, colours: Palette, x: float, y: float) -> None:
    if pose.mouth > 0.12:
        painter.setPen(QPen(QColor(colours.lip), 1.8))
        painter.setBrush(QColor("#5A1F1A"))
        painter.drawEllipse(QPointF(x, y + 1.5), 7.5 - 1.2 * pose.mouth, 1.2 + 6.6 * pose.mouth)
        return
    painter.setPen(QPen(QColor(colours.lip), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    smile = QPainterPath(QPointF(x - 8 + abs(pose.yaw) * 1.5, y))
    smile.quadTo(x, y + 5.5, x + 8 - abs(pose.yaw) * 1.5, y)
    painter.drawPath(smile)


class FaceFigure(Moving):
    """The face, doing an action in a loop."""

    def __init__(self, name: str = "face", share: float = 420) -> None:
        super().__init__()
        self.setObjectName(name)
        self.share = share
        self.action: Action | None = None
        self.pose: Pose | None = None

    def show_action(self, action: Action | None, *, waiting: bool = False) -> None:
        """Do this action from now on; `waiting`: not yet, so grey and still: who copies a moving figure would be too early."""
        if (action, waiting) != (self.action, self.held):
            self.action, self.held = action, waiting
            self.still = _STILL.get(action, 0.5) if action else 0.5
            self._run(self.isVisible())
            self.restart()
            self.update()

    def need(self, width: int) -> int:
        return min(width, self.look.px(self.share * 0.45))

    def want(self, width: int) -> int:
        return min(width, self.look.px(self.share))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        square = centre_square(self.rect())
        if self.held:
            painter.drawImage(square, _grey(round(square.width() * self.devicePixelRatioF()), self.look))
            return
        pose = self.pose or pose_at(self.action, self.phase)
        paint_face(painter, square, pose, self.look.palette)
        if self.action in _ARROWS:
            _draw_arrow(painter, square, *_ARROWS[self.action])


# Where the loop rests in a still picture: at its peak.
_STILL: dict[Action, float] = {Action.BLINK: 0.36, Action.NOD: 0.33, Action.TURN_LEFT: 0.52, Action.TURN_RIGHT: 0.52}

# Where to move: tail and head of an arrow in the medallion, for who does not see which way the face turns.
_ARROWS: dict[Action, tuple[QPointF, QPointF]] = {
    Action.TURN_LEFT: (QPointF(66, 88), QPointF(34, 88)),
    Action.TURN_RIGHT: (QPointF(34, 88), QPointF(66, 88)),
    Action.NOD: (QPointF(88, 38), QPointF(88, 62)),
}


def _grey(side: int, look: Look) -> QImage:
    """The resting face without colour."""
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    paint_face(painter, QRectF(0, 0, side, side), Pose(), look.palette)
    painter.end()
    alpha = image.convertToFormat(QImage.Format.Format_Alpha8)
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_ARGB32)
    grey.setAlphaChannel(alpha)
    return grey


def _draw_arrow(painter: QPainter, square: QRectF, tail: QPointF, head: QPointF) -> None:
    unit = square.width() / 100
    along = (head - tail) / ((head - tail).manhattanLength() or 1.0)
    across = QPointF(-along.y(), along.x())
    path = QPainterPath(square.topLeft() + tail * unit)
    path.lineTo(square.topLeft() + head * unit)
    path.moveTo(square.topLeft() + (head - along * 9 + across * 7) * unit)
    path.lineTo(square.topLeft() + head * unit)
    path.lineTo(square.topLeft() + (head - along * 9 - across * 7) * unit)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in (("#0B3B36", 8.5), ("#FFFFFF", 4.5)):
        painter.setPen(
            QPen(QColor(colour), width * unit, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.drawPath(path)


def face_image(side: int, pose: Pose, look: Look) -> QImage:
    """Return the drawn face as a picture, for galleries and tests that need something for the camera circle."""
    image = QImage(side, side, QImage.Format.Format_RGB888)
    image.fill(QColor("#B9C7C2"))
    painter = QPainter(image)
    paint_face(painter, QRectF(side * 0.08, side * 0.1, side * 0.84, side * 0.9), pose, look.palette, ground=False)
    painter.end()
    return image
