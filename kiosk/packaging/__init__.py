"""Makes the Debian packages of the kiosk and the bureau (`./run package`). Called by its command; no part of a package.

`contents` says what goes in and what is left out, `stage` lays the tree of files out, `description` writes what nfpm is told,
`inventory` lists the parts (CycloneDX), `build` does it all. Needs Debian 12's own Python 3.11, apt and dpkg.
"""
