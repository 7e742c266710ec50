"""The puppet camera, looked at with the same eyes as the kiosk's: landmarks, depth, identity."""

import numpy as np
import pytest

from kiosk import models
from kiosk.camera.opencv import import_cv2
from kiosk.camera.source import open_source
from kiosk.config import Camera
from kiosk.domain.reasons import Action
from kiosk.emulators import puppet as module
from kiosk.emulators.puppet import PuppetSource
from kiosk.emulators.puppet_motion import Manner
from kiosk.errors import CameraUnavailable
from kiosk.face.align import align
from kiosk.face.compare import cosine
from kiosk.face.encoder import Encoder
from kiosk.liveness.attacks.depth import mesh_residual
from kiosk.liveness.landmarks import Landmarker
from tests.forms import WHOLE

cv2 = import_cv2()
CALM = Manner(natural_blink_every_s=0)
FPS = 20  # five pictures of a blink


def made(portrait="biden", **options):
    puppet = PuppetSource(portrait, realtime=False, manner=CALM, fps=FPS, **options)
    puppet.open()
    return puppet


@pytest.fixture(scope="module")
def encoder():
    return Encoder(models.path("face-encoder"))


class Watcher:
    """A puppet and the eyes that look at it."""

    def __init__(self, puppet):
        self.puppet = puppet
        self.eyes = Landmarker(models.path("face-landmarker"))

    def look(self, count):
        return [self.eyes.observe(self.puppet.read()) for _ in range(count)]

    def act(self, action):
        self.puppet.perform(action)
        seen = []
        while self.puppet.busy():
            seen += self.look(1)
        self.look(6)
        return seen


def blink(observation):
    return (observation.blend("eyeBlinkLeft") + observation.blend("eyeBlinkRight")) / 2


@pytest.fixture(scope="module", params=["biden", "obama"] if WHOLE else ["biden"])
def seen(request):
    """One look at every action of one portrait: {what: observations}."""
    watcher = Watcher(made(request.param, seed=3))
    found = {"rest": watcher.look(20)} | {action: watcher.act(action) for action in Action if action is not Action.READ_DIGITS}
    watcher.eyes.close()
    return found


def test_a_face_is_seen_all_the_time(seen):
    for observations in seen.values():
        assert all(observation.points is not None for observation in observations)


def test_it_turns_its_own_left_and_right(seen):
    rest = np.median([o.yaw_deg for o in seen["rest"]])
    assert abs(rest) < 6, "at rest it looks at the camera"
    assert max(o.yaw_deg for o in seen[Action.TURN_LEFT]) - rest > 25
    assert min(o.yaw_deg for o in seen[Action.TURN_RIGHT]) - rest < -25


def test_it_blinks_and_opens_its_mouth_and_nods(seen):
    assert max(map(blink, seen[Action.BLINK])) - np.median([blink(o) for o in seen["rest"]]) > 0.25
    assert max(o.blend("jawOpen") for o in seen[Action.MOUTH_OPEN]) > 0.5
    pitches = [o.pitch_deg for o in seen[Action.NOD]]
    assert max(pitches) - min(pitches) > 10


def test_one_action_is_not_another(seen):
    rest_blink = np.median([blink(o) for o in seen["rest"]])
    assert max(map(blink, seen[Action.MOUTH_OPEN])) - rest_blink < 0.15
    assert max(o.blend("jawOpen") for o in seen[Action.BLINK]) < 0.3
    assert max(abs(o.yaw_deg) for o in seen[Action.BLINK]) < 10


def turned(observations, rest):
    return max(observations, key=lambda o: abs(o.yaw_deg - rest.yaw_deg))


def test_a_turn_shows_the_depth_of_a_head(seen):
    rest = seen["rest"][-1]
    for action in (Action.TURN_LEFT, Action.TURN_RIGHT):
        assert mesh_residual(rest.points, turned(seen[action], rest).points) > 0.17


@pytest.mark.parametrize("bend", [0.0, 0.6, 1.0] if WHOLE else [0.0, 1.0])
def test_a_print_shows_no_depth_and_nothing_in_it_moves(bend):
    watcher = Watcher(made("biden", mode="print", bend=bend))
    rest = watcher.look(15)
    for action in (Action.TURN_LEFT, Action.TURN_RIGHT):
        seen = watcher.act(action)
        assert mesh_residual(rest[-1].points, turned(seen, rest[-1]).points) < 0.12
        assert max(map(blink, seen)) - np.median([blink(o) for o in rest]) < 0.15
    watcher.eyes.close()


def embed(encoder, image):
    eyes = Landmarker(models.path("face-landmarker"), stills=True)
    observation = eyes.observe(module.Frame(image, 0.0, 1))
    eyes.close()
    return encoder.embed(align(image, observation.points))


@pytest.mark.parametrize(("portrait", "other"), [("obama", "biden"), ("biden", "obama"), ("astronaut", "biden")])
def test_it_is_the_person_of_the_portrait(encoder, portrait, other):
    live = embed(encoder, made(portrait).read().image_bgr)
    assert cosine(live, embed(encoder, cv2.imread(str(models.path(portrait))))) > 0.6
    assert cosine(live, embed(encoder, cv2.imread(str(models.path(other))))) < 0.3


def test_it_is_the_person_of_another_years_portrait(encoder):
    live = embed(encoder, made("obama").read().image_bgr)
    assert cosine(live, embed(encoder, cv2.imread(str(models.path("obama2"))))) > 0.45


def test_gone_is_gone_and_another_person_is_another(encoder):
    watcher = Watcher(made("obama"))
    watcher.puppet.leave()
    watcher.look(40)
    assert watcher.look(1)[0].points is None
    watcher.puppet.set_portrait("biden")
    watcher.puppet.come()
    watcher.look(40)
    frame = watcher.puppet.read()
    assert cosine(embed(encoder, frame.image_bgr), embed(encoder, cv2.imread(str(models.path("biden"))))) > 0.6
    watcher.eyes.close()


def test_distance_changes_the_size():
    watcher = Watcher(made("biden"))
    heights = []
    for distance in (1.0, 0.6, 2.0):
        watcher.puppet.set_distance(distance)
        points = watcher.look(35)[-1].points
        heights.append(points[152, 1] - points[10, 1])
    assert heights[1] / heights[0] == pytest.approx(1 / 0.6, rel=0.1)
    assert heights[2] / heights[0] == pytest.approx(0.5, rel=0.1)
    watcher.eyes.close()


def test_no_two_frames_are_alike_and_the_seed_decides():
    one, same, other = (made("biden", seed=seed, size=(320, 240)) for seed in (5, 5, 6))
    frames = [one.read().image_bgr for _ in range(4)]
    assert all((a != b).any() for a, b in zip(frames, frames[1:], strict=False))
    assert all((frame == same.read().image_bgr).all() for frame in frames)
    assert (frames[0] != other.read().image_bgr).any()


def test_unplugged_and_plugged_in_again():
    puppet = made("biden", size=(320, 240))
    before = puppet.read()
    puppet.unplug()
    with pytest.raises(CameraUnavailable):
        puppet.read()
    with pytest.raises(CameraUnavailable):
        puppet.open()
    puppet.plug()
    with pytest.raises(CameraUnavailable):
        puppet.read()  # as with a real one: it has to be opened again
    puppet.open()
    after = puppet.read()
    assert after.t_s > before.t_s
    assert after.seq == before.seq + 1


def test_at_real_pace_a_late_reader_gets_new_frames(monkeypatch):
    now = [50.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def sleep(seconds):
        now[0] += seconds

    monkeypatch.setattr(module.time, "sleep", sleep)
    puppet = PuppetSource("biden", size=(320, 240), fps=10)
    puppet.open()
    times = [puppet.read().t_s for _ in range(5)]
    assert np.diff(times) == pytest.approx([0.1] * 4)
    now[0] += 3.0
    assert puppet.read().t_s == pytest.approx(times[-1] + 3.0)
    assert puppet.read().t_s < times[-1] + 3.3, "it does not make up for what nobody took"


def test_a_patient_puppet_moves_on_by_what_was_looked_at(monkeypatch):
    """On a busy machine a blink would pass between two frames."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.time, "sleep", lambda s: now.__setitem__(0, now[0] + s))
    puppet = PuppetSource("biden", fps=20, patient=True)
    puppet.open()
    assert puppet.read().t_s == pytest.approx(0.0)
    for busy_s, moved_s in ((0.01, 0.05), (0.06, 0.06), (0.5, 0.075), (60.0, 0.075), (0.01, 0.05)):
        before, real = puppet._now_s, now[0]
        now[0] += busy_s
        assert puppet.read().t_s - before == pytest.approx(moved_s)
        assert now[0] - real <= max(busy_s, 0.05) + 1e-9  # it catches up with nothing, and waits for nothing
    puppet.close()


def test_by_name_and_by_path(tmp_path):
    opened = open_source("puppet:biden?mode=print&width=320&height=240", Camera())
    opened.open()
    assert opened.read().image_bgr.shape == (240, 320, 3)
    with pytest.raises(CameraUnavailable, match="nobody"):
        PuppetSource("nobody")
    empty = tmp_path / "wall.png"
    cv2.imwrite(str(empty), np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(CameraUnavailable, match="no face"):
        PuppetSource(empty).open()
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(CameraUnavailable, match="no picture"):
        PuppetSource(tmp_path / "text.jpg").open()
