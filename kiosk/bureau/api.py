"""What kiosks call: /v1/... Thin: opens requests, calls `ingest`, `decisions`, `rosters`, turns refusals into signed answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kiosk.bureau import (
    catchment,
    decisions,
    elsewhere,
    failpoints,
    ingest,
    reminders,
    reports,
    resolve,
    rosters,
    standing,
    station_settings,
    tables,
)
from kiosk.bureau.context import BureauContext, EnrolmentRefused, current, enrol, utcnow
from kiosk.bureau.ingest import Turned
from kiosk.bureau.request_guard import source_of
from kiosk.errors import KeyAway
from kiosk.sync import limits, protocol, seal, suites

log = logging.getLogger(__name__)
T = TypeVar("T")
HEAVY_AT_ONCE = 2  # ours: sealed bodies that are opened at one moment
CODES_WAITING = 8  # ours: enrolments that wait for their code to be hashed, about a second's worth; more are told to come again
TOKEN_AGE_S = 300.0  # ours; the kiosk knows the bureau's time from /v1/time
router = APIRouter(prefix="/v1", tags=["kiosk"])


class ProblemBody(BaseModel):
    """Why a request was turned away. `signed`: the same as a signed Problem, so that nobody but the bureau can say so."""

    reason: str
    signed: str = ""


_JOSE: dict[str, Any] = {"content": {protocol.MEDIA_TYPE: {"schema": {"type": "string"}}}}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": ProblemBody, "description": text}
    for code, text in {
        400: "The document is not whole, not for us, or not of a kind we know",
        401: "Unknown kiosk, or token not acceptable",
        403: "Revoked, or signed by another",
        408: "Too slow",
        409: "The batch id is taken by other bytes",
        413: "Too large: send less at a time",
        415: "Another media type than application/jose",
        429: "Too many tries: see Retry-After",
        503: "Busy, or the disk is full: see Retry-After",
    }.items()
}
_SEALED_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {protocol.MEDIA_TYPE: {"schema": {"type": "string", "minLength": 1, "maxLength": limits.MAX_SEALED}}},
    }
}


def context_of(request: Request) -> BureauContext:
    """Return the bureau this application serves."""
    return current(request.app.state)


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the operation does not have: an unknown key is an error, here too."""
    if not request.query_params:
        return
    if request.app.openapi_schema is None:
        await to_thread.run_sync(request.app.openapi)  # once, 0.3 s of a core
    paths: dict[str, Any] = request.app.openapi()["paths"]
    operation = paths.get(request.scope["route"].path, {}).get(request.method.lower(), {})
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise RequestValidationError([{"type": "extra_forbidden", "loc": ["query", unknown[0][:100]], "msg": "no such parameter"}])


async def _body(request: Request) -> bytes:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != protocol.MEDIA_TYPE:
        raise Turned(415, "media-type")
    body = await request.body()  # bounded by the request guard
    request.state.context = context = context_of(request).under_claimed(body)
    request.state.about = await to_thread.run_sync(context.suite.digest, body)  # 4 MB cost the event loop others' time
    return body


async def _heavily(work: Callable[..., T], *given: Any) -> T:
    """Run what decrypts, parses or hashes much in one of a few threads: together they stay within the memory of a small machine."""
    return await to_thread.run_sync(work, *given, limiter=_heavy())


@cache
def _heavy() -> CapacityLimiter:
    return CapacityLimiter(HEAVY_AT_ONCE)


@cache
def _hashing() -> CapacityLimiter:
    return CapacityLimiter(1)  # each costs 16 MB and a core for a while: guessing is slow whatever its source


def jose(text: str | bytes) -> Response:
    """Return a JOSE answer."""
    failpoints.hit("answer")
    return Response(text, media_type=protocol.MEDIA_TYPE)


@router.get("/health", summary="Is the bureau there, and can it reach its database?", responses={503: _PROBLEMS[503]})
def health(request: Request) -> dict[str, str | dict[str, str]]:
    """Answer without authentication. `bureau_ids`: by the suite, of those that are served."""
    with context_of(request).reading.begin() as session:
        session.get(tables.Counter, "health")
    context = context_of(request)
    ids = {name: context.under(suites.by_name(name)).bureau_id for name in context.rings}
    return {"status": "ok", "bureau_id": context.bureau_id, "bureau_ids": ids}


SuiteQuery = Annotated[Literal["std-1", "gm-1"] | None, Query()]
BureauQuery = Annotated[str, Query(max_length=128)]


def _named(context: BureauContext, suite: str | None, bureau: str) -> BureauContext:
    """Return the context under the suite that is asked for; who names none speaks std-1. Raises Turned: not served here.

    bureau: id of the keys that are believed; who names none may believe the oldest alone.
    """
    try:
        if suite is not None or suites.STD_1.name in context.rings:
            context = context.under(suites.by_name(suite or suites.STD_1.name))
        return context.to_strangers().of_id(bureau)
    except seal.Refused as error:
        raise Turned(404, error.why) from error


@router.get("/time", summary="Signed time of the bureau", response_class=Response, responses={200: _JOSE})
def time(request: Request, nonce: Annotated[protocol.Id, Query()], suite: SuiteQuery = None, bureau: BureauQuery = "") -> Response:
    """The nonce is echoed in the signed answer. `suite`: of the kiosk, when it is not std-1. `bureau`: whose keys it believes."""
    context = _named(context_of(request), suite, bureau)
    return jose(context.sign(protocol.TimeAnswer(bureau_id=context.bureau_id, nonce=nonce, now=utcnow())))


_ENROL: dict[int | str, dict[str, Any]] = {200: _JOSE, **{k: _PROBLEMS[k] for k in (400, 403, 408, 413, 415, 429, 503)}}


@router.post(
    "/enrol", summary="Register a kiosk with a one-time code", response_class=Response, openapi_extra=_SEALED_BODY, responses=_ENROL
)
async def post_enrol(request: Request) -> Response:
    """Body: a signed Enrolment. Answer: a signed Enrolled."""
    body = await _body(request)
    context: BureauContext = request.state.context
    if _hashing().statistics().tasks_waiting >= CODES_WAITING:
        raise Turned(503, "busy")
    try:
        enrolled = await to_thread.run_sync(enrol, context, body.decode("ascii"), source_of(request.scope), limiter=_hashing())
    except (seal.Refused, UnicodeDecodeError) as error:
        raise Turned(400, getattr(error, "why", "malformed")) from error
    except EnrolmentRefused as error:
        raise Turned(429 if error.why == "too-many-tries" else 403, error.why) from error
    return jose(context.of_id(enrolled.bureau_id).sign(enrolled))


_UP: dict[int | str, dict[str, Any]] = {200: _JOSE, **{k: _PROBLEMS[k] for k in (400, 401, 403, 408, 409, 413, 415, 503)}}


@router.post("/batches", summary="Take a sealed batch", response_class=Response, openapi_extra=_SEALED_BODY, responses=_UP)
async def post_batch(request: Request) -> Response:
    """Body: a sealed Batch. Answer: a signed Receipt. The same bytes get the same receipt."""
    return jose(await _heavily(ingest.take_batch, context_of(request), await _body(request)))


@router.post(
    "/reconcile", summary="Which of these records are here?", response_class=Response, openapi_extra=_SEALED_BODY, responses=_UP
)
async def post_reconcile(request: Request) -> Response:
    """Body: a sealed Question. Answer: a signed Answer."""
    return jose(await _heavily(ingest.answer, context_of(request), await _body(request)))


@router.post(
    "/evidence",
    summary="Take consented evidence for human review",
    response_class=Response,
    openapi_extra=_SEALED_BODY,
    responses=_UP,
)
async def post_evidence(request: Request) -> Response:
    """Body: sealed Evidence. Answer: a signed EvidenceReceipt."""
    return jose(await _heavily(ingest.take_evidence, context_of(request), await _body(request)))


@router.post("/resolve", summary="Whose is this code?", response_class=Response, openapi_extra=_SEALED_BODY, responses=_UP)
async def post_resolve(request: Request) -> Response:
    """Body: a sealed Resolve, with a code of the national platform. Answer: a Resolved, sealed to the kiosk that asked."""
    return jose(await _heavily(resolve.answer, context_of(request), await _body(request)))


@router.post(
    "/lookup",
    summary="Who is this, of another street?",
    response_class=Response,
    openapi_extra=_SEALED_BODY,
    responses={**_UP, 429: _PROBLEMS[429]},
)
async def post_lookup(request: Request) -> Response:
    """Body: a sealed LookUp, one person. Answer: a LookedUp, sealed to the kiosk that asked."""
    return jose(await _heavily(elsewhere.answer, context_of(request), await _body(request)))


@router.post(
    "/report", summary="Take what a station tells of itself", response_class=Response, openapi_extra=_SEALED_BODY, responses=_UP
)
async def post_report(request: Request) -> Response:
    """Body: a sealed StationReport. Answer: a signed ReportReceipt."""
    return jose(await _heavily(reports.take, context_of(request), await _body(request)))


_DOWN: dict[int | str, dict[str, Any]] = {200: _JOSE, **{k: _PROBLEMS[k] for k in (401, 403, 503)}}
_NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "Nothing newer"}}
Auth = Annotated[str, Header(alias="Authorization", description="`Kiosk JWS`: a signed Token for exactly this path")]
Version = Annotated[int, Query(ge=0, le=2**53)]


def _kiosk(request: Request, authorization: str) -> tuple[BureauContext, str]:
    """Return the context under the kiosk's suite, and its id. Raises Turned."""
    scheme, _, compact = authorization.partition(" ")
    context = request.state.context = context_of(request).under_claimed(compact.encode()).to_strangers()
    if scheme != "Kiosk":
        raise Turned(401, "token-missing")
    try:
        claimed = seal.signer_of(compact)
        with context.session.begin() as session:
            kiosk = session.get(tables.Kiosk, claimed)
        if kiosk is None:
            raise Turned(401, "unknown-kiosk")
        key = seal.verify_key(protocol.PublicKeys(sign=kiosk.sign_key, seal=kiosk.seal_key))
        if suites.of(key) is not context.suite:
            raise seal.Refused("other-suite")
        request.state.context = context.towards(kiosk.bureau_id)
        token = seal.verify(compact, key, claimed, protocol.Token)
    except seal.Refused as error:
        raise Turned(401, error.why) from error
    whole = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if token.kiosk_id != claimed or token.path != whole:
        raise Turned(401, "token-for-another-path")
    if kiosk.revoked_at is not None:
        raise Turned(403, "revoked", claimed)
    if abs((utcnow() - token.at).total_seconds()) > TOKEN_AGE_S:
        raise Turned(401, "token-stale")
    request.state.believes = token.believes
    if token.believes and (token.believes != kiosk.bureau_id or not kiosk.follows_keys):
        with context.session.begin() as session:
            row = session.get_one(tables.Kiosk, claimed)
            row.bureau_id, row.follows_keys = token.believes[:128], True
    context = request.state.context = context.towards(token.believes or kiosk.bureau_id)
    return context, claimed


@router.get("/decisions", summary="Decisions after a number", response_class=Response, responses=_DOWN)
def get_decisions(request: Request, authorization: Auth, after: Version = 0) -> Response:
    """Answer: signed Decisions."""
    context, kiosk_id = _kiosk(request, authorization)
    return jose(context.sign(decisions.after(context, kiosk_id, after)))


@router.get("/standing", summary="What the bureau thinks of this kiosk", response_class=Response, responses=_DOWN)
def get_standing(request: Request, authorization: Auth) -> Response:
    """Answer: a signed Standing."""
    context, kiosk_id = _kiosk(request, authorization)
    return jose(context.sign(standing.of(context, kiosk_id)))


@router.get("/roster", summary="What to fetch to be up to date", response_class=Response, responses={**_DOWN, **_NOTHING})
def get_roster(request: Request, authorization: Auth, have: Version = 0) -> Response:
    """Answer: a sealed RosterManifest (a delta from `have` where there is one, else a snapshot)."""
    found = rosters.manifest(*_kiosk(request, authorization), have)
    return Response(status_code=204) if found is None else jose(found)


@router.get(
    "/roster/chunks",
    summary="The station's own roster, in buckets",
    response_class=Response,
    responses={**_DOWN, **_NOTHING, 404: {"model": ProblemBody, "description": "This station has no catchment"}},
)
def get_roster_chunks(request: Request, authorization: Auth, have: Version = 0) -> Response:
    """Answer: sealed RosterChunks."""
    try:
        found = catchment.manifest(*_kiosk(request, authorization), have)
    except seal.Refused as error:
        raise Turned(404, error.why) from error
    return Response(status_code=204) if found is None else jose(found)


@router.get(
    "/roster/files/{digest}",
    summary="A roster file, resumable by Range",
    response_class=FileResponse,
    responses={
        200: {"content": {"application/octet-stream": {}}},
        206: {"description": "A part"},
        404: {"model": ProblemBody, "description": "No such file"},
        416: {"description": "Range not satisfiable"},
        **{k: _PROBLEMS[k] for k in (401, 403, 503)},
    },
)
def get_roster_file(request: Request, authorization: Auth, digest: Annotated[protocol.Digest, Path()]) -> Response:
    """The file is encrypted; its key is in the manifest."""
    context, kiosk_id = _kiosk(request, authorization)
    path = (
        context.rosters / f"{digest}.roster" if catchment.is_of(context, kiosk_id, digest) else rosters.file_path(context, digest)
    )
    if path is None or not path.is_file():
        raise Turned(404, "no-such-file")
    accel = context.settings.accel
    if accel:
        return Response(headers={"X-Accel-Redirect": f"{accel.rstrip('/')}/{path.name}"}, media_type="application/octet-stream")
    return FileResponse(path, media_type="application/octet-stream")


@router.get("/bundle", summary="Policies, staff, revocations, messages", response_class=Response, responses={**_DOWN, **_NOTHING})
def get_bundle(request: Request, authorization: Auth, have: Version = 0) -> Response:
    """Answer: a sealed Bundle."""
    context, kiosk_id = _kiosk(request, authorization)
    found = rosters.bundle(context, kiosk_id, have, request.state.believes)
    return Response(status_code=204) if found is None else jose(found)


@router.get("/settings", summary="What the bureau sets at this station", response_class=Response, responses={**_DOWN, **_NOTHING})
def get_settings(request: Request, authorization: Auth, have: Version = 0) -> Response:
    """Answer: sealed StationSettings."""
    found = station_settings.document(*_kiosk(request, authorization), have)
    return Response(status_code=204) if found is None else jose(found)


@router.get("/reminders", summary="Whom the station may call", response_class=Response, responses={**_DOWN, **_NOTHING})
def get_reminders(request: Request, authorization: Auth, have: Version = 0) -> Response:
    """Answer: sealed Reminders."""
    found = reminders.document(*_kiosk(request, authorization), have)
    return Response(status_code=204) if found is None else jose(found[0])


def problem(request: Request, status: int, why: str, kiosk_id: str = "", retry_after_s: int = 0) -> JSONResponse:
    """Return a refusal, signed."""
    context: BureauContext = getattr(request.state, "context", None) or context_of(
        request
    )  # under the suite that the question claims
    about = getattr(request.state, "about", "") or context.suite.digest(b"")
    signed = context.sign(protocol.Problem(bureau_id=context.bureau_id, kiosk_id=kiosk_id, about=about, reason=why, at=utcnow()))
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}
    return JSONResponse(ProblemBody(reason=why, signed=signed).model_dump(), status, headers)


async def on_turned(request: Request, error: Exception) -> Response:
    """Turned -> signed problem."""
    if not isinstance(error, Turned):
        raise error
    return problem(request, error.status, error.why, error.kiosk_id, {429: 600, 503: 5}.get(error.status, 0))


async def on_database(request: Request, error: Exception) -> Response:
    """The database is away, locked or full: nothing was taken, come back later."""
    if isinstance(error, IntegrityError):  # two deliveries of one batch id at the same moment
        return problem(request, 503, "busy", retry_after_s=1)
    log.error("database: %s", type(error).__name__)
    full = isinstance(error, failpoints.DiskFull) or "full" in str(getattr(error, "orig", "")).lower()
    return problem(request, 503, "bureau-full" if full else "database-away", retry_after_s=60 if full else 10)


async def on_keys_away(_: Request, error: Exception) -> Response:
    """The device with the bureau's keys does not answer: nothing was taken, and nobody can sign that."""
    log.error("the bureau's keys: %s", error)
    return JSONResponse(ProblemBody(reason="keys-away").model_dump(), 503, {"Retry-After": "10"})


HANDLERS: dict[int | type[Exception], Any] = {
    Turned: on_turned,
    KeyAway: on_keys_away,
    DBAPIError: on_database,
    PoolTimeout: on_database,
    failpoints.DiskFull: on_database,
}
