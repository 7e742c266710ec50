"""The clerks' pages in Debian's Chromium: signing in, searching, deciding by keyboard, four eyes, issuing, revoking.

One bureau and one browser for the file. KIOSK_SCREENSHOTS=DIR keeps pictures of the pages, at 1366x768 and 1920x1080.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pyotp
import pytest

from kiosk.bureau import decisions, ingest, tables
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.process import BureauProcess
from tests.bureau.clerks.made import PASSWORD, account
from tests.bureau.made import record, register
from tests.programs import missing

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SIZES = ((1366, 768), (1920, 1080))


@pytest.fixture(scope="module")
def browser():
    if not (CHROMIUM and DRIVER):
        missing("Chromium is not installed (Debian: chromium chromium-driver)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--lang=zh-CN",
        "--accept-lang=zh-CN",
        "--window-size=1366,768",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # this machine alone
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763d8bf7f3f00055b02ad3be19cc50000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def bureau(tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("browser")) as process:
        context = open_context(BureauSettings(data=str(process.data)))
        for name, role, shown in (
            ("zhang", Role.CLERK, "张经办"),
            ("li", Role.SUPERVISOR, "李主管"),
            ("wang", Role.SUPERVISOR, "王主管"),
            ("boss", Role.ADMINISTRATOR, "管理员甲"),
            ("chief", Role.ADMINISTRATOR, "管理员乙"),
        ):
            account(context, name, role, shown)
        lines = [
            {"person_id": f"P{n}", "name": name, "id_number": f"44030519560315{n:04d}", "status": "active", "benefits": []}
            for n, name in enumerate(("王芳", "李建国", "<script>alert(1)</script>", "陈秀英"))
        ]
        path = process.data / "roster.jsonl"
        path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in lines), encoding="utf-8")
        process.issue_roster(path)
        path.unlink()
        process.context, process.kiosk = context, register(context)
        process.records = [record(person_id=f"P{n}", checks=[["depth", 0.2, False]]) for n in range(4)]
        process.failed = record(person_id="P3", outcome="failed", reason="face-mismatch")
        for one in (*process.records, process.failed):
            process.kiosk.send(one)  # one after the other: what waits longest stands first
        with context.session.begin() as transaction:
            transaction.add(
                tables.Evidence(
                    evidence_id="paper-1",
                    kiosk_id=process.kiosk.kiosk_id,
                    record_id=process.records[0]["record_id"],
                    consent_id="c",
                    media_type="image/png",
                    digest="0" * 64,
                    content=PICTURE,
                    received_at=transaction.get(tables.Record, process.records[0]["record_id"]).received_at,
                )
            )
        yield process
        context.engine.dispose()


class Hand:
    """Somebody at the browser."""

    def __init__(self, driver, url):
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support.ui import WebDriverWait

        # While one page gives way to the next, the driver's answer may be any error of its own: asked again until the time is over.
        wait = WebDriverWait(driver, 30, ignored_exceptions=[WebDriverException])
        self.driver, self.url, self.by, self.wait = driver, url, By, wait

    def go(self, path):
        self.driver.get(self.url + path)

    def find(self, css):
        return self.wait.until(lambda driver: driver.find_element(self.by.CSS_SELECTOR, css))

    def touch(self, css):
        """Touch what leads to another page, and wait for it."""
        old = self.driver.find_element(self.by.TAG_NAME, "html")
        self.find(css).click()
        self._left(old)

    def press(self, keys, leads_on=True):
        old = self.driver.find_element(self.by.TAG_NAME, "html")
        self.driver.switch_to.active_element.send_keys(keys)
        if leads_on:
            self._left(old)

    def _left(self, old):
        from selenium.webdriver.support.expected_conditions import staleness_of

        self.wait.until(staleness_of(old))
        self.wait.until(lambda driver: driver.execute_script("return document.readyState") == "complete")

    def sees(self, text):
        self.wait.until(lambda _: text in self.text, message=f"{text} is not on {self.path}: {self.text[:500]}")

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.url)

    @property
    def text(self):
        return self.driver.find_element(self.by.TAG_NAME, "body").text

    def sign_in(self, name, password=PASSWORD):
        self.driver.delete_all_cookies()
        self.go("/sign-in")
        self.find("input[name=user]").send_keys(name)
        self.find("input[name=password]").send_keys(password)
        self.touch("main button")

    def picture(self, name):
        folder = os.environ.get("KIOSK_SCREENSHOTS")
        for width, height in SIZES if folder else ():
            self.driver.set_window_size(width, height)
            self.driver.save_screenshot(str(Path(folder) / f"{name}-{width}.png"))

    def clipped(self):
        """Return what is cut off, or runs out of the page sideways."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('main *, header *')].filter(one => "
            "one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)"
            ".map(one => one.tagName + ' ' + one.textContent.slice(0, 40))"
        )


@pytest.fixture
def hand(browser, bureau):
    yield Hand(browser, bureau.url)
    complaints = [one["message"] for one in browser.get_log("browser") if "favicon" not in one["message"]]
    assert [one for one in complaints if "Content Security Policy" in one or "Uncaught" in one] == []


def test_a_wrong_password_and_then_the_right_one(hand):
    hand.sign_in("zhang", "wrong password")
    hand.sees("用户名或密码不对")
    hand.picture("sign-in")
    hand.sign_in("zhang")
    assert hand.path == "/records"
    hand.sees("张经办 · 经办员")
    assert "名册" not in hand.find("nav").text, "a clerk sees what a clerk may"
    assert "等待决定 4 条" in hand.text
    assert "<script>alert(1)</script>" in hand.text, "a name that is markup is read, not obeyed"


def test_searching_and_deciding_by_keyboard(hand, bureau):
    hand.sign_in("zhang")
    hand.picture("records")
    hand.press("/", leads_on=False)
    hand.press("王芳\n")
    assert len(hand.driver.find_elements(hand.by.CSS_SELECTOR, "table.rows tbody tr")) == 1
    hand.press("j", leads_on=False)
    hand.press("\n")
    assert hand.path == f"/records/{bureau.records[0]['record_id']}"
    assert "440305195603150000" in hand.text
    width = hand.driver.execute_script("return document.querySelector('figure img').naturalWidth")
    assert width == 1, "the paper is shown beside the record"
    hand.picture("record")
    assert hand.clipped() == []
    hand.press("c", leads_on=False)
    hand.press("\n")
    hand.sees("已确认：王芳")
    assert hand.path == f"/records/{bureau.records[1]['record_id']}", "the next one that waits"
    hand.press("r", leads_on=False)
    hand.press("照", leads_on=False)  # chooses in a list by its first character
    hand.driver.execute_script("document.getElementById('reason').value = 'photo-unclear'")
    hand.touch("#return")
    hand.sees("已退回：李建国")
    told = [(one.record_id, one.decided) for one in decisions.after(bureau.context, bureau.kiosk.kiosk_id, 0).decisions]
    assert told == [(bureau.records[0]["record_id"], "confirmed"), (bureau.records[1]["record_id"], "returned")]
    hand.go("/records?state=attempts")
    hand.touch("table.rows a")
    hand.sees("没有可确认的内容")


def test_another_decision_needs_a_second_person(hand, bureau):
    record_id = bureau.records[0]["record_id"]
    hand.sign_in("zhang")
    hand.go(f"/records/{record_id}")
    hand.sees("需要另一位有权限的同事同意")
    hand.driver.execute_script("document.getElementById('reason').value = 'identity-unclear'")
    hand.touch("#return")
    hand.sees("等待另一位同事复核")
    hand.go("/requests")
    assert "同意" not in [one.text for one in hand.driver.find_elements(hand.by.CSS_SELECTOR, "td button")]
    hand.sign_in("wang")
    hand.go("/requests")
    hand.picture("requests")
    hand.touch("button[value=agree]")
    hand.sees("已同意，已执行")
    assert bureau.record(record_id)["decision"] == "returned"


def test_a_roster_is_uploaded_looked_at_and_issued(hand, bureau, tmp_path):
    path = tmp_path / "new.jsonl"
    people = [{"person_id": f"P{n}", "name": f"新人{n}", "id_number": f"44030519560315{n:04d}", "benefits": []} for n in range(6)]
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in people), encoding="utf-8")
    hand.sign_in("li")
    hand.go("/rosters")
    hand.find("input[type=file]").send_keys(str(path))
    hand.touch("#upload button")
    assert hand.path.startswith("/rosters/")
    hand.sees("发布前检查")
    hand.picture("roster")
    assert hand.clipped() == []
    hand.touch("#issue")
    hand.wait.until(lambda _: bureau.summary()["roster_version"] == 2)
    hand.sees("第 2 版")
    hand.picture("rosters")


def test_a_kiosk_is_revoked_by_two(hand, bureau):
    hand.sign_in("li")
    hand.go("/stations")
    hand.picture("stations")
    assert hand.clipped() == []
    hand.touch("table.rows a")
    hand.picture("station")
    hand.touch("#revoke")
    hand.sees("等待另一位同事复核")
    hand.sign_in("wang")
    hand.go("/requests")
    hand.touch("button[value=agree]")
    hand.sees("已同意，已执行")
    with pytest.raises(ingest.Turned, match="revoked"):
        bureau.kiosk.send(record())


def test_an_administrator_sets_up_codes_and_reads_the_log(hand):
    hand.sign_in("boss")
    assert hand.path == "/account/second"
    hand.picture("enrol")
    secret = hand.find("code.key").text.replace(" ", "")
    hand.find("input[name=code]").send_keys(pyotp.TOTP(secret).now())
    hand.touch("main form button")
    hand.sees("恢复码")
    hand.go("/accounts")
    hand.picture("accounts")
    assert hand.clipped() == []
    hand.go("/audit")
    hand.sees("同意停用终端")
    hand.picture("audit")
    hand.go("/account")
    hand.touch("button[value=en]")
    hand.sees("Sign out everywhere")


def test_an_administrator_signs_in_by_a_passkey(hand, bureau):
    """With Chromium's own virtual authenticator; passkeys want a name, so the bureau is at localhost."""
    from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

    hand.url = bureau.url.replace("127.0.0.1", "localhost")
    hand.driver.add_virtual_authenticator(VirtualAuthenticatorOptions())
    try:
        hand.sign_in("chief")
        assert hand.path == "/account/second"
        hand.find("form[data-passkey] input[name=name]").send_keys("办公室")
        hand.picture("passkey-enrol")
        assert hand.clipped() == []
        hand.touch("form[data-passkey] button")
        hand.sees("恢复码")
        hand.sign_in("chief")
        assert hand.path == "/sign-in/second"
        hand.picture("passkey-second")
        hand.touch("form[data-passkey] button")
        assert hand.path == "/records"
        hand.go("/account")
        hand.sees("办公室")
        hand.picture("passkey-account")
        hand.touch("form[action='/account/passkeys/remove'] button")
        hand.sees("这是最后一个第二步")
        hand.sign_in("chief")
        hand.driver.remove_all_credentials()
        hand.find("form[data-passkey] button").click()  # the key is not here
        hand.sees("没有成功")
        assert hand.path == "/sign-in/second"
    finally:
        hand.driver.remove_virtual_authenticator()


def test_what_a_slip_says_is_answered_without_a_cookie(hand, bureau):
    hand.driver.delete_all_cookies()
    hand.go(f"/verify/{bureau.records[2]['record_id']}")
    hand.sees("没有查到有效的认证")
    assert hand.driver.get_cookies() == []
    hand.picture("verify")
