"""Signing in: first passwords, second factors, lock-out, sessions that end; and the commands on the bureau's own machine."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from kiosk.__main__ import main
from kiosk.bureau import sessions, tables
from kiosk.bureau.clerks import accounts, audit, passwords, second_factor
from kiosk.bureau.clerks.accounts import AccountRefused
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.context import utcnow
from tests.bureau.clerks.made import PASSWORD, TEST, URL, Browser, account, row_of, with_second_factor

NEW = "another long passphrase"


def test_name_and_password_begin_a_session_with_a_strict_cookie(context):
    browser = Browser(context)
    answer = browser.sign_in("zhang")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    for wanted in ("httponly", "samesite=strict", "path=/", "max-age=36000"):
        assert wanted in cookie
    assert "张经办 · 经办员" in browser.text("/records")


@pytest.mark.parametrize(("name", "password"), [("zhang", "wrong"), ("nobody", PASSWORD), ("", ""), ("bureau", "x"), ("zhang", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(context, name, password):
    answer = Browser(context).sign_in(name, password)
    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text
    assert "set-cookie" not in answer.headers


def test_the_password_of_programs_signs_nobody_in(context):
    assert Browser(context).sign_in("bureau", context.admin_password).status_code == 401


def test_wrong_passwords_lock_a_name_from_one_source_and_nobody_else(context):
    guesser = Browser(context, source="10.0.0.9")
    assert {guesser.sign_in("zhang", "guess").status_code for _ in range(sessions.TRIES_PER_HOUR)} == {401}
    answer = guesser.sign_in("zhang")
    assert answer.status_code == 429, "also with the right password"
    assert "试的次数太多" in answer.text
    assert guesser.sign_in("li").status_code == 303, "another name from there"
    assert Browser(context, source="10.0.0.8").sign_in("zhang").status_code == 303, "and the name itself from elsewhere"


def test_what_was_counted_goes_with_its_hour(context, monkeypatch):
    sessions.failed(context, "zhang", "s")
    later = utcnow() + timedelta(hours=2)
    monkeypatch.setattr(sessions, "utcnow", lambda: later)
    assert not sessions.too_many(context, "zhang", "s")
    sessions.failed(context, "li", "s")
    with context.session.begin() as transaction:
        names = [one.name for one in transaction.query(tables.Counter) if one.name.startswith("sign-in-")]
    assert len(names) == 1


def test_a_session_ends_by_time_and_by_idling(context, monkeypatch):
    browser = Browser(context).enter("zhang")
    for later, there in ((sessions.IDLE - timedelta(minutes=1), True), (2 * sessions.IDLE, True), (4 * sessions.IDLE, False)):
        moment = utcnow() + later
        with monkeypatch.context() as patch:
            patch.setattr(sessions, "utcnow", lambda at=moment: at)
            if there and later > sessions.IDLE:
                with context.session.begin() as transaction:
                    for row in transaction.query(tables.SignedIn):
                        row.last_at = moment - timedelta(minutes=5)
            assert (browser.get("/records").status_code == 200) == there, later
    browser = Browser(context).enter("zhang")
    over = utcnow() + sessions.LASTS + timedelta(seconds=1)
    with context.session.begin() as transaction:
        for row in transaction.query(tables.SignedIn):
            row.last_at = over
    monkeypatch.setattr(sessions, "utcnow", lambda: over)
    assert browser.get("/records").headers["location"] == "/sign-in"


def test_signing_out_ends_this_session_or_all(context):
    one, two, kept = (Browser(context).enter("zhang") for _ in range(3))
    cookie = dict(one.client.cookies)
    assert one.post("/sign-out").headers["location"] == "/sign-in"
    one.client.cookies.update(cookie)  # somebody kept the cookie
    assert one.get("/records").headers["location"] == "/sign-in"
    assert two.get("/records").status_code == 200
    two.post("/sign-out/everywhere")
    assert kept.get("/records").headers["location"] == "/sign-in"


def test_a_first_password_is_changed_before_anything_else(context):
    first = accounts.add(context, TEST, "chen", "陈经办", Role.CLERK)
    browser = Browser(context)
    assert browser.sign_in("chen", first).headers["location"] == "/account/password"
    assert browser.get("/records").headers["location"] == "/account/password"
    assert browser.post("/records/x/decide", {"decided": "confirmed"}).status_code == 403
    wrong = {
        "short": ("short", "short", "太短"),
        "name": ("my name is chen ok", "my name is chen ok", "不能有用户名"),
        "simple": ("aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "太简单"),
        "differ": (NEW, NEW + "x", "不一样"),
        "same": (first, first, "不能和现在的一样"),
    }
    for new, again, told in wrong.values():
        answer = browser.post("/account/password", {"old": first, "new": new, "again": again})
        assert (answer.status_code, told in answer.text) == (400, True), told
    assert "现在的密码不对" in browser.post("/account/password", {"old": "no", "new": NEW, "again": NEW}).text
    answer = browser.post("/account/password", {"old": first, "new": NEW, "again": NEW})
    assert answer.headers["location"] == "/"
    assert browser.get("/records").status_code == 200
    assert Browser(context).sign_in("chen", first).status_code == 401


def test_a_first_password_is_good_for_a_week(context, monkeypatch):
    from kiosk.bureau.clerks import sign_in

    first = accounts.add(context, TEST, "chen", "陈经办", Role.CLERK)
    later = utcnow() + timedelta(days=accounts.FIRST_DAYS, seconds=1)
    monkeypatch.setattr(sign_in, "utcnow", lambda: later)
    assert "首次密码已过期" in Browser(context).sign_in("chen", first).text


def test_changing_a_password_ends_the_other_sessions(context):
    here, elsewhere = Browser(context).enter("zhang"), Browser(context).enter("zhang")
    assert here.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW}).status_code == 303
    assert here.get("/records").status_code == 200
    assert elsewhere.get("/records").headers["location"] == "/sign-in"


def test_an_administrator_sets_up_a_second_factor_first(context):
    browser = Browser(context)
    assert browser.sign_in("boss").headers["location"] == "/account/second"
    assert browser.get("/accounts").headers["location"] == "/account/second"
    page = browser.get("/account/second").text
    assert "<svg" in page
    secret = re.search(r'class="key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page)[1]
    wrong = browser.ask("POST", "/account/second", data={"token": token, "code": "000000"}, headers={"Origin": URL})
    assert (wrong.status_code, "动态码不对" in wrong.text) == (400, True)
    assert secret in wrong.text.replace(" ", ""), "the same one: the telephone has it already"
    done = browser.ask("POST", "/account/second", data={"token": token, "code": pyotp.TOTP(secret).now()}, headers={"Origin": URL})
    codes = re.findall(r"<li><code>([a-z2-7-]+)</code>", done.text)
    assert len(codes) == second_factor.RECOVERY_CODES
    assert browser.get("/accounts").status_code == 200
    assert secret not in row_of(context, "boss").totp_sealed


def second_step(browser, code):
    page = browser.get("/sign-in/second").text
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page)[1]
    return browser.ask("POST", "/sign-in/second", data={"token": token, "code": code}, headers={"Origin": URL})


def test_the_second_step_takes_each_code_once(context):
    totp = with_second_factor(context, row_of(context, "boss").account_id)
    browser = Browser(context)
    assert browser.sign_in("boss").headers["location"] == "/sign-in/second"
    assert browser.get("/accounts").headers["location"] == "/sign-in/second"
    before = browser.client.cookies[sessions.COOKIE]
    code = totp.now()
    assert second_step(browser, code).headers["location"] == "/"
    assert browser.client.cookies[sessions.COOKIE] != before, "the token of half a session is worth nothing"
    assert browser.get("/accounts").status_code == 200
    again = Browser(context)
    again.sign_in("boss")
    answer = second_step(again, code)
    assert (answer.status_code, "已经用过" in answer.text) == (401, True), "somebody who saw it typed"
    assert second_step(again, totp.at(utcnow() - timedelta(minutes=5))).status_code == 401


def test_a_code_of_the_step_before_is_taken_and_older_ones_never(context):
    totp = pyotp.TOTP(second_factor.new_secret())
    now = utcnow()
    this = int(now.timestamp()) // 30
    for back, expected in ((0, this), (1, this - 1), (-1, this + 1), (2, 0), (-2, 0)):
        code = totp.generate_otp(this - back)
        assert second_factor.step_of(totp.secret, code, now, 0) == expected
    assert second_factor.step_of(totp.secret, totp.generate_otp(this), now, this) == 0
    assert second_factor.step_of(totp.secret, "12345x", now, 0) == 0


def test_a_recovery_code_is_good_once(context):
    account_id = row_of(context, "boss").account_id
    with_second_factor(context, account_id)
    with context.session.begin() as transaction:
        codes = second_factor.make_recovery(context, accounts.locked(transaction, account_id))
    for code, status in ((codes[0], 303), (codes[0], 401), (codes[1].upper().replace("-", " "), 303)):
        browser = Browser(context)
        browser.sign_in("boss")
        assert second_step(browser, code).status_code == status
    assert len(row_of(context, "boss").recovery.split()) == second_factor.RECOVERY_CODES - 2


def test_wrong_codes_are_counted_like_wrong_passwords(context):
    totp = with_second_factor(context, row_of(context, "boss").account_id)
    browser = Browser(context, source="10.0.0.7")
    browser.sign_in("boss")
    assert {second_step(browser, "000000").status_code for _ in range(sessions.TRIES_PER_HOUR)} == {401}
    assert second_step(browser, totp.now()).status_code == 429


def test_a_lost_key_of_second_factors_is_told_and_lets_nobody_in(context):
    with_second_factor(context, row_of(context, "boss").account_id)
    key = __import__("pathlib").Path(context.settings.data) / "clerks.key"
    key.unlink()
    from kiosk.bureau.context import prepare

    prepare(context.settings)
    browser = Browser(context)
    browser.sign_in("boss")
    answer = second_step(browser, "123456")
    assert (answer.status_code, "请管理员重设" in answer.text) == (401, True)


def test_who_is_disabled_is_out_at_once(context):
    browser = Browser(context).enter("zhang")
    accounts.disable(context, TEST, row_of(context, "zhang").account_id)
    assert browser.get("/records").headers["location"] == "/sign-in"
    assert "用户名或密码不对" in Browser(context).sign_in("zhang").text
    accounts.enable(context, TEST, row_of(context, "zhang").account_id)
    assert Browser(context).sign_in("zhang").status_code == 303


def test_the_last_administrator_stays_and_nobody_changes_themselves(context):
    boss = row_of(context, "boss").account_id
    for act in (lambda: accounts.disable(context, TEST, boss), lambda: accounts.change_role(context, TEST, boss, Role.CLERK)):
        with pytest.raises(AccountRefused) as refused:
            act()
        assert refused.value.why == "last-administrator"
    browser = Browser(context).enter("boss")
    account(context, "boss2", Role.ADMINISTRATOR)
    for change in ("disable", "reset", "role"):
        answer = browser.post(f"/accounts/{boss}/change", {"change": change})
        assert (answer.status_code, "不能改自己的账号" in answer.text) == (400, True), change
    accounts.disable(context, TEST, boss)


def test_an_administrator_makes_changes_and_resets_accounts_on_the_page(context):
    browser = Browser(context).enter("boss")
    assert browser.post("/accounts/add", {"name": "sun", "shown_name": "<script>孙", "role": "clerk"}).status_code == 303
    page = browser.text("/accounts")
    assert "&lt;script&gt;孙" in page
    assert "<script>孙" not in page
    first = re.search(r"sun 的首次密码.*?：([a-z0-9-]{19})", page)[1]
    assert first not in browser.text("/accounts"), "shown once"
    assert Browser(context).sign_in("sun", first).headers["location"] == "/account/password"
    assert "已经有人用" in browser.post("/accounts/add", {"name": "sun", "shown_name": "x", "role": "clerk"}).text
    assert "小写字母" in browser.post("/accounts/add", {"name": "Not OK", "shown_name": "x", "role": "clerk"}).text
    sun = row_of(context, "sun").account_id
    browser.post(f"/accounts/{sun}/change", {"change": "role", "role": "supervisor"})
    assert row_of(context, "sun").role == "supervisor"
    browser.post(f"/accounts/{sun}/change", {"change": "reset"})
    assert Browser(context).sign_in("sun", first).status_code == 401
    assert browser.post("/accounts/nobody/change", {"change": "reset"}).status_code == 404


def test_the_pages_speak_english_too(context):
    browser = Browser(context).enter("zhang")
    assert browser.post("/account/language", {"language": "en"}).status_code == 303
    assert "Work list" in browser.text("/records")
    assert "Sign in" in Browser(context).get("/sign-in", headers={"Accept-Language": "en-GB,en;q=0.8"}).text
    assert "登录" in Browser(context).get("/sign-in", headers={"Accept-Language": "fr"}).text


def test_passwords_are_argon2id_and_first_ones_are_long():
    assert passwords.hashed("x").startswith("$argon2id$v=19$")  # at the tests' own cost (tests/conftest.py); the bureau's:
    assert (passwords._HASHER.memory_cost, passwords._HASHER.time_cost, passwords._HASHER.parallelism) == (19456, 2, 1)
    assert len({passwords.first_password() for _ in range(50)}) == 50
    assert not passwords.right("", "x")
    assert not passwords.right("no hash", "x")


def test_the_commands(tmp_path, capsys, context):
    data = ["--data", context.settings.data]
    assert main(["bureau", "accounts", "add", "sun", "--role", "clerk", "--shown-name", "孙", *data]) == 0
    first = capsys.readouterr().out.rsplit(" ", 1)[1].strip()
    assert Browser(context).sign_in("sun", first).headers["location"] == "/account/password"
    assert main(["bureau", "accounts", "add", "sun", "--role", "clerk", *data]) == 1
    assert "[name-taken]" in capsys.readouterr().err
    assert main(["bureau", "accounts", "disable", "sun", *data]) == 0
    assert main(["bureau", "accounts", "list", *data]) == 0
    assert re.search(r"sun +clerk +孙 +disabled, first password", capsys.readouterr().out)
    assert main(["bureau", "accounts", "enable", "sun", *data]) == 0
    assert main(["bureau", "accounts", "reset", "sun", *data]) == 0
    assert main(["bureau", "accounts", "reset", "nobody", *data]) == 1
    assert "[unknown-account]" in capsys.readouterr().err
    assert main(["bureau", "accounts", "disable", "boss", *data]) == 1
    assert "[last-administrator]" in capsys.readouterr().err
    told = [(one["actor"], one["action"]) for one in audit.lines(context)]
    assert ("command-line", "account-added") in told
    assert ("command-line", "account-reset") in told
