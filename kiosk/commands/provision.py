"""`kiosk provision --bureau URL --code CODE`: make this kiosk's keys, register them with the bureau, pin the bureau's keys."""

from __future__ import annotations

import argparse


def main(argv: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="kiosk provision", description=__doc__)
    parser.add_argument("--bureau", metavar="URL", default="", help="default: [sync] bureau_url")
    parser.add_argument("--code", required=True, help="the one-time code from the bureau")
    parser.add_argument("--new-keys", action="store_true", help="make other keys, as after a revocation")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.errors import ConfigError
    from kiosk.sync.provision import provision

    settings = config.load()
    if settings.station.station_id == config.Station().station_id:
        raise ConfigError(f"[station] station_id is the demonstration's ({settings.station.station_id}): give this kiosk its own")
    url = options.bureau or settings.sync.bureau_url
    if not url:
        raise ConfigError("no bureau: give --bureau URL or set [sync] bureau_url")
    identity = provision(settings, url, options.code, new_keys=options.new_keys)
    print(f"✓ {identity.pins.kiosk_id} of station {identity.pins.station_id} is registered at {identity.pins.bureau_id} ({url})")
    return 0
