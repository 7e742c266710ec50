"""Stages of a station that serves: the camera answered for, visits by desk and by face, the camera pulled, the power cut."""

from __future__ import annotations

import time

from kiosk.demo.desk_script import SUPERVISOR
from kiosk.domain.reasons import Action
from tests.vm.face import FEED, NO_FEED, Face
from tests.vm.machine import VmError
from tests.vm.screen import NEW_S
from tests.vm.town import DUE
from tests.vm.trial import UNIT, Trial

FIRST, SECOND, THIRD, FOURTH = DUE
BENEFITS = 2  # of the fourth: one record each, saved together
STAFF_BUTTON = (1150, 47)  # 工作人员, top right on every page; its word stands on another button too
# What the page before the camera says when something is to be done now, and what is meant.
ASKED = {
    "闭一闭眼": Action.BLINK,
    "张开嘴": Action.MOUTH_OPEN,
    "向左": Action.TURN_LEFT,
    "向右": Action.TURN_RIGHT,
    "点一点头": Action.NOD,
}
PASSED = ("认证通过", "认证成功", "办好了", "记录编号")
NOT_PASSED = ("再试一次", "在这里等", "没有通过")
# Whoever still has the camera open keeps vivid from plugging itself in again.
HOLD = (
    "(exec 9< /dev/video0; echo held; exec sleep 3600) > /run/holds-camera & sleep 1; cat /run/holds-camera; echo $! > /run/holder"
)


def _begin(trial: Trial, card: str) -> None:
    """A retiree begins, lays the card, and says that it is them."""
    screen = trial.screen
    if not screen.find("给自己办"):
        screen.touch_until("开始认证", "给自己办")
    screen.touch_until("给自己办", "身份证平放")
    trial.reader.lay(card)
    screen.until("这是您吗", timeout_s=300.0)
    screen.touch_until("是我", "同意刷脸认证吗", "就办这几项")
    if screen.find("就办这几项"):
        screen.touch_until("就办这几项", "同意刷脸认证吗")


def _sign_in(trial: Trial) -> None:
    """The staff's button in the corner, number and PIN on the keyboard."""
    machine, screen = trial.machine, trial.screen
    number, _, pin = SUPERVISOR
    screen.touch_until(STAFF_BUTTON, "工作人员登录")
    machine.rest(2.0)
    machine.keys(number)
    machine.chord("ret")
    machine.keys(pin)
    machine.chord("ret")
    machine.rest(2.0)
    screen.until("工作人员台", timeout_s=120.0)


def answered(trial: Trial) -> None:
    """The supervisor answers for the camera: vivid is no USB camera, and self-service waits until somebody has looked at it."""
    trial.serving("今天请工作人员帮您办")
    screen = trial.screen
    _sign_in(trial)
    screen.touch_until("镜头", "镜头要确认")
    screen.keep("camera-waits")
    for why in ("不是插上的设备", "驱动不是普通"):
        if screen.find(why) is None:
            raise VmError(f"the desk does not say why the camera waits: {why}; there: {[one.text for one in screen.seen]}")
    screen.to_the_end()
    screen.touch("其他")
    screen.touch_until("我看过了", "镜头就是登记的")
    screen.keep("camera-answered")
    trial.say("镜头: the desk says what is odd about vivid; the supervisor answers for it with a reason")
    screen.touch("签退返回")
    screen.until("开始认证", timeout_s=300.0)
    trial.say("self-service is open: 开始认证")


def _sign(trial: Trial, caption: str) -> None:
    """Sign on the pad whose caption this is."""
    word = trial.screen.until(caption)
    x, y = word.x, word.y - 70
    trial.machine.rest(NEW_S)
    trial.machine.stroke([(x - 25, y), (x, y - 25), (x + 25, y + 20), (x + 50, y - 25), (x + 80, y + 15)])
    trial.machine.rest(1.0)


def _attended(trial: Trial, card: str) -> None:
    """Card, no face wanted, the supervisor takes over, face to face, signed, saved."""
    _signed(trial, card)
    _saved(trial)


def _saved(trial: Trial) -> None:
    trial.screen.touch("确认并保存")
    trial.screen.until("本机已保存", "记录编号", timeout_s=300.0)
    trial.screen.keep("done")


def _signed(trial: Trial, card: str) -> None:
    """All of it but saving."""
    screen = trial.screen
    _begin(trial, card)
    screen.keep("consent")
    screen.touch_until("不刷脸", "在这里等")
    screen.keep("referred")
    _face_to_face(trial)


def _face_to_face(trial: Trial) -> None:
    """The supervisor takes a waiting visit over; both sign."""
    screen = trial.screen
    _sign_in(trial)
    screen.touch_until("接手办理", "面对面认证")
    screen.touch_until("面对面认证", "当面见到了本人")
    screen.touch("当面见到了本人")
    screen.touch("查验了身份证原件")
    _sign(trial, "本人签字")
    _sign(trial, "经办人签字")
    screen.keep("face-to-face")


def visit(trial: Trial) -> None:
    """A visit: card, no face wanted, the supervisor takes over, face to face; the record goes to the bureau."""
    trial.serving()
    before = len(trial.town.bureau.records())
    _attended(trial, FIRST)
    trial.say("a visit: card read, consent refused, taken over by the supervisor, certified face to face")
    _at_the_bureau(trial, before + 1)
    trial.screen.until("中心确认了", timeout_s=300.0)
    trial.screen.keep("confirmed")
    typed = trial.machine.run("cat /run/code-typed-at").text
    if typed:  # gone where the machine was switched on anew meanwhile
        trial.say(f"from the code to the first visit confirmed: {trial.uptime() - float(typed):.0f} s by the machine's clock")
    _leave(trial)


def _leave(trial: Trial) -> None:
    """The supervisor finishes and signs out; the card is taken."""
    trial.screen.touch_until("完成", "您好")
    trial.screen.touch("签退返回")
    trial.reader.lift()
    trial.screen.until("开始认证", timeout_s=300.0)


def _at_the_bureau(trial: Trial, wanted: int, timeout_s: float = 600.0) -> None:
    """Wait until the bureau has so many records, each once."""
    began = time.monotonic()
    while len(trial.town.bureau.records()) < wanted:
        if time.monotonic() - began > timeout_s:
            raise VmError(f"the bureau has {len(trial.town.bureau.records())} records of {wanted}")
        time.sleep(2.0)
    found = [one["record_id"] for one in trial.town.bureau.records()]
    if len(found) != wanted or len(set(found)) != wanted:
        raise VmError(f"records at the bureau: {found}")
    trial.say(f"the bureau has it {time.monotonic() - began:.0f} s later: {wanted} records, each once")


def _before_the_camera(trial: Trial, card: str) -> None:
    """As far as the page on which somebody sees their face."""
    _agreed(trial, card)
    _to_the_camera(trial)


def _agreed(trial: Trial, card: str) -> None:
    """As far as the page that says what will be asked for."""
    screen = trial.screen
    _begin(trial, card)
    screen.touch_rightmost("同意刷脸")
    screen.until("跟着做动作", timeout_s=120.0)


def _to_the_camera(trial: Trial) -> None:
    trial.screen.touch_rightmost("开始")
    trial.screen.until("请看圆圈里", "现在", "准备", "镜头还没好", timeout_s=120.0)


def self_service(trial: Trial) -> None:
    """A visit by oneself: card, consent, a face before the kernel's camera that does what is asked for; delivered.

    It passes, or is referred because the one slow processor had too few looks at the turn to judge its depth (liveness-uncertain,
    no other reason): then the supervisor ends it.
    """
    trial.serving()
    screen, machine = trial.screen, trial.machine
    before = len(trial.town.bureau.records())
    began = trial.uptime()
    _agreed(trial, THIRD)
    with Face(trial.work / "face", machine.camera_port, THIRD) as face:
        machine.run(FEED)  # not before it is looked at: drawn pictures are half of what the machine can do
        _to_the_camera(trial)
        did, passed = _act(trial, face)
    machine.run(NO_FEED)
    machine.rest(2.0)  # the page fades in after its first word
    screen.keep("passed" if passed else "not-passed")
    told = f"{', '.join(did)}; {face.frames} pictures; {trial.uptime() - began:.0f} s by the machine's clock"
    _at_the_bureau(trial, before + 1)
    if passed:
        trial.say(f"a visit by oneself passed: {told}")
        trial.reader.lift()
        screen.until("开始认证", timeout_s=300.0)
        return
    newest = trial.town.bureau.records(1)[0]
    if (newest["outcome"], newest["reason"]) != ("referred", "liveness-uncertain"):
        raise VmError(f"not passed after {did}: {newest}; {[one.text for one in screen.seen]}")
    trial.say(f"a visit by oneself was referred, liveness-uncertain: {told}")
    _face_to_face(trial)
    _saved(trial)
    trial.say("the supervisor took it over: face to face, signed, saved")
    _at_the_bureau(trial, before + 2)
    _leave(trial)


def _act(trial: Trial, face: Face, looks: int = 150) -> tuple[list[str], bool]:
    """Do what the page asks for until the result is there. The machine stands still while its screen is read: nobody is late."""
    screen, machine = trial.screen, trial.machine
    did: list[str] = []
    last = ""
    for _ in range(looks):
        with machine.frozen():
            screen.read()
            asked = asked_for([one.text for one in screen.seen])
            if asked is not None and asked.value != last:
                face.act(asked)
                did.append(asked.value)
                screen.keep(f"asked-{asked.value}")
            last = asked.value if asked is not None else ""
            if screen.find(*PASSED):
                return did, True
            if screen.find(*NOT_PASSED):
                return did, False
            fell = screen.find("这是您吗") is not None  # the page of a card that lies there when a kiosk has been started anew
        if fell:
            told = machine.run(f"journalctl -b --no-pager -o cat -u {UNIT} -n 40 | grep -E 'exited|signal|restart'").text
            raise VmError(f"the kiosk fell in the take, after {did}: {told}")
        machine.rest(0.5)
    raise VmError(f"no result after {did}; {[one.text for one in screen.seen]}")


def asked_for(texts: list[str]) -> Action | None:
    """Return what a page before the camera asks for now, by its words; None while it asks for nothing."""
    for text in texts:
        if "现在" in text and "请" in text:
            for words, action in ASKED.items():
                if words in text:
                    return action
    return None


def camera(trial: Trial) -> None:
    """The camera is pulled in a visit, and put back; then the power is cut in it."""
    trial.serving()
    screen, machine = trial.screen, trial.machine
    _before_the_camera(trial, SECOND)
    screen.keep("camera-there")
    trial.expect("somebody else has the camera open, too", HOLD, "held")
    machine.run("v4l2-ctl -d /dev/video0 -c disconnect=1")
    machine.until(f"systemctl show -p StatusText {UNIT}", "camera=no", 300.0)
    screen.until("镜头还没好", timeout_s=120.0)
    screen.keep("camera-pulled")
    trial.say("v4l2-ctl -c disconnect=1: the page says 镜头还没好")
    machine.run("kill $(cat /run/holder)")
    machine.until(f"systemctl show -p StatusText {UNIT}", "camera=yes", 300.0)
    screen.keep("camera-back")
    trial.say("put back: the kiosk opened it again by itself, and the visit goes on")
    trial.reader.lift()
    trial.cut("in-a-visit")


def cuts(trial: Trial) -> None:
    """The power is cut while a record is saved, and while one is on its way to the bureau."""
    trial.serving()
    trial.reader.lift()
    _in_a_record(trial)
    _on_its_way(trial)
    trial.expect("the journal's chain holds after the cuts", "as-kiosk journal verify; echo status $?", "status 0", 600.0)


def _in_a_record(trial: Trial) -> None:
    """The power goes a moment after 确认并保存: the record is there, whole and once, or the person can be served again."""
    before = len(trial.town.bureau.records())
    _signed(trial, FOURTH)
    trial.screen.touch("确认并保存")
    trial.machine.rest(0.3)
    trial.machine.cut()
    trial.say("power cut: a moment after 确认并保存")
    trial.reader.lift()
    trial.serving()
    trial.screen.keep("after-the-cut-in-a-record")
    if _came_by_itself(trial, before):
        _at_the_bureau(trial, before + BENEFITS)
        return
    trial.say("nothing was saved yet: the person is served again")
    _attended(trial, FOURTH)
    _at_the_bureau(trial, before + BENEFITS)
    _leave(trial)


def _came_by_itself(trial: Trial, before: int) -> bool:
    """Whether the bureau gets more records than there were, within a minute by the machine's clock."""
    for _ in range(20):
        if len(trial.town.bureau.records()) > before:
            return True
        trial.machine.rest(3.0)
    return False


def _on_its_way(trial: Trial) -> None:
    """The bureau takes the connection and says nothing: the power goes while the kiosk waits for the receipt."""
    machine, bureau = trial.machine, trial.town.bureau
    before = len(bureau.records())
    bureau.pause()
    _attended(trial, SECOND)
    machine.until(f"ss -Htn state established dst 10.0.2.2:{bureau.port} | wc -l", "1", 300.0)
    trial.screen.keep("before-the-cut-in-a-sync")
    machine.cut()
    trial.say("power cut: while a record is on its way, the bureau has not answered")
    bureau.resume()
    trial.reader.lift()
    trial.serving()
    trial.screen.keep("after-the-cut-in-a-sync")
    _at_the_bureau(trial, before + 1)
