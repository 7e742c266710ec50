"""Passkeys by a key of our own making: what is taken, and everything that is not. In a real browser: test_browser."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

from kiosk.bureau import sessions
from kiosk.bureau.clerks import accounts, audit, passkeys, sign_in
from kiosk.bureau.clerks.accounts import AccountRefused
from kiosk.bureau.clerks.roles import ENROL, SECOND, Role
from tests.bureau.clerks.made import PASSWORD, TEST, Browser, account, row_of, with_second_factor

SITE = passkeys.Site("https://bureau.example", "bureau.example")
OTHER = passkeys.Site("https://bureau.example.evil", "bureau.example.evil")


class Key:
    """An authenticator: one key, made for one name."""

    def __init__(self, number="first"):
        self.secret, self.count, self.name = ec.generate_private_key(ec.SECP256R1()), 0, SITE.name
        self.id = hashlib.sha256(number.encode()).digest()

    def data(self, more=b"", flags=0x01):
        self.count += 1
        return hashlib.sha256(self.name.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + more

    def client(self, kind, options, origin):
        told = {"type": f"webauthn.{kind}", "challenge": json.loads(options)["challenge"], "origin": origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def told(self, **response):
        made = {name: bytes_to_base64url(value) for name, value in response.items()}
        return json.dumps(
            {"id": bytes_to_base64url(self.id), "rawId": bytes_to_base64url(self.id), "type": "public-key", "response": made}
        )

    def make(self, options, origin=SITE.origin):
        public = self.secret.public_key().public_numbers()
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")})
        data = self.data(bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose, flags=0x41)
        whole = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self.told(clientDataJSON=self.client("create", options, origin), attestationObject=whole)

    def answer(self, options, origin=SITE.origin):
        client, data = self.client("get", options, origin), self.data()
        signed = self.secret.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self.told(clientDataJSON=client, authenticatorData=data, signature=signed)


@pytest.fixture
def chief(context):
    """An administrator without a second factor, at the step to set one up."""
    account(context, "chief", Role.ADMINISTRATOR)
    return begun(context, "chief", ENROL)


def begun(context, name, stage):
    return sessions.begin(context, row_of(context, name), stage, "127.0.0.1")


def add(context, who, key, name="钥匙"):
    return passkeys.add(context, who, SITE, key.make(passkeys.offer(context, who, SITE)), name)


def test_a_key_is_the_second_step_and_its_answer_counts_once(context, chief):
    assert sign_in.by_password(context, "chief", PASSWORD, "s").session.stage == ENROL
    key = Key()
    assert len(add(context, chief, key)) == 10, "recovery codes, for when the key is lost"
    assert add(context, chief, Key("another")) == []
    who = sign_in.by_password(context, "chief", PASSWORD, "s").session
    assert who.stage == SECOND
    answer = key.answer(passkeys.ask(context, who, SITE))
    found = sign_in.by_passkey(context, who, SITE, answer)
    assert found.session is not None
    assert found.session.stage == ""
    again = begun(context, "chief", SECOND)
    passkeys.ask(context, again, SITE)
    assert sign_in.by_passkey(context, again, SITE, answer).why == "wrong", "an answer to another challenge"
    assert sign_in.by_passkey(context, again, SITE, answer).why == "passkey-late", "a challenge is good once"
    told = [(one["action"], json.loads(one["detail"]).get("how")) for one in audit.lines(context)]
    assert ("second-factor", "passkey") in told
    assert [action for action, _ in told].count("passkey-added") == 2
    assert told[-1] == ("sign-in-failed", None)


def test_nothing_else_is_an_answer(context, chief):
    key, stranger = Key(), Key()
    add(context, chief, key)
    account(context, "other", Role.ADMINISTRATOR)
    other = begun(context, "other", ENROL)
    theirs = Key("their own")
    add(context, other, theirs)

    def tried(made, site=SITE, wait=timedelta()):
        who = begun(context, "chief", SECOND)
        options = passkeys.ask(context, who, SITE)
        if wait:
            with context.session.begin() as transaction:
                row = sessions.row_of(transaction, who.token)
                challenge, _, at = row.challenge.partition(" ")
                row.challenge = f"{challenge} {(datetime.fromisoformat(at) - wait).isoformat()}"
        return sign_in.by_passkey(context, who, site, made(options)).why

    assert tried(key.answer) == ""
    assert tried(lambda options: key.answer(options, OTHER.origin)) == "wrong", "asked on a page of another name"
    assert tried(key.answer, OTHER) == "wrong"
    assert tried(stranger.answer) == "wrong", "another key under this one's number"
    assert tried(theirs.answer) == "wrong", "another account's"
    assert tried(key.answer, wait=passkeys.CHALLENGE_LASTS + timedelta(seconds=5)) == "passkey-late"
    empty = json.dumps({"id": "x", "rawId": "x", "type": "public-key", "response": {}})
    for noise in ("", "{}", "[]", "null", '{"id": 5}', "{" * 50, empty):
        assert tried(lambda _, noise=noise: noise) == "wrong"
    key.count = 0
    assert tried(key.answer) == "wrong", "a counter that goes back: the key was copied"


def test_no_key_is_made_for_another_page_and_none_twice(context, chief):
    key = Key()
    for site, made in ((SITE, lambda told: key.make(told, OTHER.origin)), (OTHER, key.make), (SITE, lambda _: "{}")):
        with pytest.raises(AccountRefused, match="passkey-wrong"):
            passkeys.add(context, chief, site, made(passkeys.offer(context, chief, SITE)), "")
    add(context, chief, key)
    with pytest.raises(AccountRefused, match="passkey-known"):
        add(context, chief, key)
    with pytest.raises(AccountRefused, match="passkey-late"):
        passkeys.add(context, chief, SITE, "{}", "")
    for number in range(passkeys.MOST - 1):
        add(context, chief, Key(str(number)))
    with pytest.raises(AccountRefused, match="passkey-many"):
        add(context, chief, Key("one too many"))


def test_the_last_second_step_of_an_administrator_stays_and_a_reset_takes_all(context, chief):
    key = Key()
    add(context, chief, key)
    number = bytes_to_base64url(key.id)
    with pytest.raises(AccountRefused, match="passkey-last"):
        passkeys.remove(context, chief, number)
    account(context, "other", Role.CLERK)
    with pytest.raises(AccountRefused, match="passkey-none"):
        passkeys.remove(context, begun(context, "other", ""), number)
    with_second_factor(context, chief.account_id)
    passkeys.remove(context, chief, number)
    assert sign_in.by_password(context, "chief", PASSWORD, "s").session.stage == SECOND, "codes are left"
    add(context, chief, Key())
    accounts.reset(context, TEST, chief.account_id)
    with context.session.begin() as transaction:
        assert passkeys.of(transaction, chief.account_id) == []


def test_where_browsers_have_none_nothing_is_offered(context, chief):
    assert passkeys.site_of("https://bureau.example:8443") == passkeys.Site("https://bureau.example:8443", "bureau.example")
    assert passkeys.site_of("http://localhost:8440") is not None
    for origin in ("http://bureau.example", "https://127.0.0.1", "https://[::1]:8440", "https://", ""):
        assert passkeys.site_of(origin) is None
    browser = Browser(context).enter("chief")
    assert "data-passkey" not in browser.text("/account")
    assert browser.post("/account/passkeys/offer").status_code == 400
    assert browser.post("/account/passkeys", {"credential": "{}"}).status_code == 400
    assert browser.ask("POST", "/account/passkeys/offer", headers={"Origin": "http://127.0.0.1"}).status_code == 403, (
        "without its token"
    )
    assert browser.post("/sign-in/passkey/ask").status_code == 403, "nothing is due"
