"""TELL: other programs: the web server and its health."""
