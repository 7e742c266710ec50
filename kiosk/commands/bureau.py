"""`kiosk bureau`: run the reference bureau, or make an enrolment code; `kiosk bureau accounts|audit`: its clerks;
`kiosk bureau backup|restore|retention|work|catchment|keys`: its operator."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> int:
    """Run the bureau until it is told to stop, or do one task."""
    if argv[:1] in (["accounts"], ["audit"]):
        from kiosk.bureau.clerks import command

        return command.main(argv)
    if argv[:1] in (["backup"], ["restore"], ["retention"], ["work"], ["catchment"], ["keys"]):
        from kiosk.bureau.operate import command as operate

        return operate.main(argv)
    from kiosk.sync import suites

    parser = argparse.ArgumentParser(prog="kiosk bureau", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for keys, rosters and the SQLite database")
    parser.add_argument("--db", default="", help="database URL, as postgresql+psycopg://USER@HOST/NAME (default: SQLite)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8440, help="0: any free port; the URL is written to DATA/url")
    parser.add_argument("--workers", type=int, default=1, help="processes (PostgreSQL only)")
    parser.add_argument("--init", action="store_true", help="create keys, password and tables when they are missing")
    parser.add_argument("--auto-confirm", action="store_true", help="confirm every record whose clock can be trusted")
    parser.add_argument("--max-body", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--until-eof", action="store_true", help=argparse.SUPPRESS)  # end when whoever started us ends
    parser.add_argument("--tls-cert", default="", help="certificate chain (PEM)")
    parser.add_argument("--tls-key", default="", help="its private key (PEM)")
    parser.add_argument("--code-for", metavar="STATION", default="", help="print a one-time enrolment code for a station, and exit")
    parser.add_argument(
        "--suite",
        action="append",
        choices=suites.NAMES,
        help="serve this suite alone, or with --code-for make a code for it; may be given twice (default: std-1 and gm-1)",
    )
    parser.add_argument(
        "--access-log", default="", metavar="FILE", help="a line of JSON a request, without paths (-: standard error)"
    )
    parser.add_argument("--accel", default="", metavar="PATH", help="nginx serves roster files from this internal path")
    parser.add_argument("--db-read", default="", help="database URL of a read replica, for pages and look-ups")
    parser.add_argument("--stick", type=Path, help="serve a courier's stick, and exit")
    options = parser.parse_args(argv)

    from kiosk.bureau.context import BureauSettings, code_address, make_code, open_context, prepare

    # Whatever is made from here on, by us or by a library, is ours alone; uploads lie in our own folder, without a name.
    os.umask(0o077)
    if not options.tls_cert and not _is_loopback(options.host):
        parser.error("plain http is served on this machine alone: give --tls-cert and --tls-key, or put a proxy with TLS in front")

    given: dict[str, Any] = {"max_body": options.max_body} if options.max_body else {}
    if options.suite:
        given["suites"] = tuple(options.suite)
    settings = BureauSettings(
        data=str(options.data.resolve()),
        db=options.db,
        db_read=options.db_read,
        auto_confirm=options.auto_confirm,
        accel=options.accel,
        access_log=options.access_log,
        **given,
    )
    if options.workers > 1 and settings.url.startswith("sqlite"):
        parser.error("several workers need PostgreSQL")
    if options.init:
        prepare(settings)
    context = open_context(settings)
    if options.code_for:
        code = make_code(context, options.code_for)
        print(code)
        if sys.stdout.isatty():  # for the camera of the kiosk that is set up
            import segno

            segno.make(code_address(code, options.code_for), error="m").terminal(compact=True)
        return 0
    if options.stick:
        from kiosk.bureau.removable_media import serve

        told = serve(context, options.stick)
        for name, outcome in told:
            print(f"{name}: {outcome}")
        return 0
    context.engine.dispose()
    return _serve(options, settings.model_dump_json())


def _serve(options: argparse.Namespace, settings: str) -> int:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from kiosk.bureau import connections

    metrics = options.data / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics.resolve())  # before anything that counts is loaded, in the workers too

    from kiosk.bureau.app import ENVIRONMENT

    os.environ[ENVIRONMENT] = settings
    uploads = options.data / "uploads"
    uploads.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(uploads.resolve())
    os.environ["TMPDIR"] = tempfile.tempdir  # of the workers
    _more_files()
    made = socket.create_server((options.host, options.port), backlog=1024, family=_family(options.host))
    # Several workers get the socket by pickling, which knows plain sockets only.
    listener = made if options.workers > 1 else connections.BoundedListener(fileno=made.detach())
    listener.set_inheritable(True)
    logging.getLogger("uvicorn.error").addFilter(connections.OneLine())
    scheme = "https" if options.tls_cert else "http"
    url = f"{scheme}://{options.host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        "kiosk.bureau.app:create_from_environment",
        factory=True,
        workers=options.workers,
        log_level="warning",
        access_log=False,
        ssl_certfile=options.tls_cert or None,
        ssl_keyfile=options.tls_key or None,
        server_header=False,
        date_header=True,
        timeout_keep_alive=15,
        backlog=50,  # accepted in one go: between two of them others are read, whatever comes in a flood
        http=connections.BoundedProtocol,
        ws="none",
        loop="asyncio",
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=32 * 1024,
        forwarded_allow_ips="127.0.0.1",
    )
    # Written before it answers: whoever starts us polls /v1/health.
    (options.data / "url").write_text(url + "\n", encoding="utf-8")
    told = f"clerks: kiosk bureau accounts; programs: password in {options.data / 'admin-password'}"
    print(f"bureau at {url} · {told}", file=sys.stderr, flush=True)
    if options.until_eof:
        threading.Thread(target=_end_with_parent, name="until-eof", daemon=True).start()
    if options.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _more_files() -> None:
    """Have room for as many connections as are let in, and for the files behind them."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _end_with_parent() -> None:
    # A pipe to the parent: it ends with the parent, however that ends, also by kill -9.
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)
