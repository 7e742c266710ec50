"""Makes and keeps the signed repository of updates (`kiosk release`): at the programme's owner, and for staging at the bureau.

`keys` are the signing keys in files under a passphrase; `repository` writes the signed lists and the files
of versions.
Read by `kiosk.updates` on the stations.
"""
