"""The first stages: units and first page, the set-up by touch, registration, the first supervisor, the doctor's summary."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from kiosk.demo.desk_script import SUPERVISOR
from tests.vm.machine import VmError
from tests.vm.town import STATION
from tests.vm.trial import UNIT, Trial

ENABLED = (
    "pension-kiosk",
    "pension-kiosk-keys",
    "pension-kiosk-recover",
    "pension-kiosk-update.timer",
    "pension-kiosk-words.timer",
    "pension-kiosk-clock.path",
)


def station_settings(now: datetime) -> str:
    """Return what is set for a trial whose hands read each page off a picture: more time to look, and updates by day.

    The face before the camera is drawn, and no light of the machine's screen falls on it, so a light code would show nothing.
    Painting one, as large pictures do, takes the one slow processor below the four pictures a second that a turn is judged by.
    """
    return f"""
[ui]
idle_timeout_s = 900.0
walk_away_s = 300.0
[update]
from_hour = {(now.hour - 1) % 24}
to_hour = {(now.hour + 12) % 24}
[liveness]
frame_width = 320
[liveness.checks]
light = "off"
"""


def first_page(trial: Trial) -> None:
    """Units, the camera's driver, and the first page on a real X server."""
    trial.up()
    machine = trial.machine
    answer = machine.run(f"systemctl is-enabled {' '.join(ENABLED)}").text.split()
    if answer != ["enabled"] * len(ENABLED):
        raise VmError(f"units: {answer}")
    trial.say("its units are enabled")
    machine.until("v4l2-ctl --list-devices", "/dev/video0", 60.0)
    trial.say("the camera is the kernel's vivid at /dev/video0")
    # Read at the next start, which the end of the set-up brings.
    machine.put("/root/station.toml", station_settings(datetime.now(ZoneInfo("Asia/Shanghai"))).encode())
    machine.run("cat /root/station.toml >> /etc/pension-kiosk/kiosk.toml; sync")
    trial.ready()
    began, ready = (
        int(machine.run(f"systemctl show --value -p {name} {UNIT}").text or 0) / 1e6
        for name in ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    )
    trial.say(
        f"the kiosk is READY {ready - began:.1f} s after its start, {ready:.1f} s after the machine's, by the machine's clock"
    )
    trial.expect(
        "a real X server, as the kiosk's user, with the kernel's driver", "ps -o user=,args= -C Xorg; ls -l /dev/dri", "kiosk"
    )
    trial.expect("READY came from the kiosk itself", f"systemctl show -p Type,NotifyAccess,MainPID,User {UNIT}", "Type=notify")
    trial.screen.until("站点安装", timeout_s=600.0)
    trial.screen.keep("first-page")
    trial.say(f"the first page shows 站点安装: {[word.text for word in trial.screen.seen][:8]}")


def set_up(trial: Trial) -> None:
    """The set-up by touch: screen, time, camera, reader, sound, printer."""
    trial.up()
    screen, machine = trial.screen, trial.machine
    for title in ("屏幕和语言", "日期和时间"):
        screen.until(title, timeout_s=600.0)
        screen.touch("好了，下一步")
    screen.until("有画面", "脸在圆圈里", "请站到", timeout_s=300.0)
    machine.rest(3.0)
    screen.keep("camera")
    trial.say("镜头: vivid's picture is shown through V4L2 and OpenCV")
    screen.touch("先跳过")
    trial.reader.lay("chen")
    screen.until("读到了一张证件", timeout_s=300.0)
    screen.keep("reader")
    trial.reader.lift()
    trial.say("读卡器: the reader on the second serial port answers, a card is read")
    screen.touch("好了，下一步")
    screen.until("听得清吗", timeout_s=120.0)
    screen.touch("先跳过")
    screen.touch("没有打印机")
    screen.touch("好了，下一步")
    trial.screen.until("中心的地址")


def register(trial: Trial) -> None:
    """The set-up goes on: the certificate from a stick, the one-time code."""
    trial.up()
    trial.town.open()
    screen, machine = trial.screen, trial.machine
    screen.until("中心的地址", timeout_s=900.0)
    stick = trial.town.stick("certs", {"bureau.pem": trial.town.certificate})
    machine.plug(stick)
    machine.until("ls /media/*/ 2>/dev/null", "bureau.pem", 120.0)
    trial.say("a stick with the bureau's certificate is mounted by the package's rule")
    screen.fill("中心的地址", trial.town.url)
    screen.keep("network-typed")
    screen.touch_until("盘上的证书", "bureau.pem")
    screen.touch_until("bureau.pem", "用中心给的证书")
    screen.touch_until("试一试", "地址和证书都对")
    screen.keep("network")
    machine.unplug()
    trial.say("网络: the bureau's address typed, its certificate taken from the stick, the bureau answers by TLS")
    screen.touch("好了，下一步")
    screen.fill("站点编号", STATION)
    screen.fill("站点名称", "VM")
    screen.fill("注册码", trial.town.bureau.enrolment_code(STATION))
    screen.keep("register")
    registered(trial)


def registered(trial: Trial) -> None:
    """Register: the button, and what the page says then."""
    trial.screen.touch_rightmost("注册")
    trial.screen.until("已经注册", timeout_s=300.0)
    trial.machine.run("cut -d' ' -f1 /proc/uptime > /run/code-typed-at")
    trial.say("注册: the one-time code typed, the bureau knows the kiosk")
    trial.screen.touch("好了，下一步")


def supervisor(trial: Trial) -> None:
    """The set-up ends: the first supervisor, what the doctor says, and the first page of a station that serves."""
    screen, machine = trial.screen, trial.machine
    trial.up()
    trial.set_clock()  # it fell behind ours, and the doctor would say so
    trial.town.open()
    number, name, pin = SUPERVISOR
    screen.until("第一位主管", timeout_s=900.0)
    screen.fill("工号", number)
    for text in ("VM", pin, pin):
        machine.chord("tab")
        machine.keys(text)
    screen.keep("supervisor")
    screen.touch("建这位主管")
    screen.until("主管建好了", timeout_s=300.0)
    trial.say("主管: the first supervisor is made")
    screen.touch("好了，下一步")
    screen.until("再检查一次", timeout_s=300.0)
    screen.until("项要处理", "可以开始使用", timeout_s=900.0)
    screen.keep("summary")
    trial.say(f"检查: the doctor says {[word.text for word in screen.seen if '要处理' in word.text or '×' in word.text][:12]}")
    screen.touch("装好了")
    machine.until(f"systemctl show -p StatusText {UNIT}", "at=idle", 1500.0, 3.0)
    screen.until("今天请工作人员帮您办", timeout_s=600.0)
    screen.keep("waits-for-the-camera")
    trial.say("the set-up is over, the kiosk has started anew; self-service waits for a word on the camera: 今天请工作人员帮您办")
    trial.expect("no unit has failed", "systemctl --failed --no-legend | wc -l", "0")
