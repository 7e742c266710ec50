"""Updates of the station's program: signed by The Update Framework, staged, tried, and undone by themselves.

Called by `kiosk update` (a service of root's, apart from the kiosk) alone. `plan` decides and is pure; `manifest` says what a
version consists of; `sources` read a repository over the network or from a stick; `trust` is The Update Framework; `versions`
lays versions beside each other; `updater` walks the steps, each of which may be the last before the power goes.
"""
