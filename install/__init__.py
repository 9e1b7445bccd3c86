"""INSTALL: the programme as a service of this machine: put there, brought up to date, taken away.

Carried out by root, for `./run install`, `update` and `uninstall`.
"""
