"""The login page: plain HTML and one form, so that it works without scripts."""

from __future__ import annotations

from html import escape

from presence.access import Identity, Role

# What the form is sent to, and what else is answered there.
LOGIN_ROUTE = "/api/v1/login"
LOGOUT_ROUTE = "/api/v1/logout"
LOGOUT_ALL_ROUTE = "/api/v1/logout/all"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<script src="/assets/theme.js"></script>
<link rel="stylesheet" href="/assets/1-base.css">
<link rel="stylesheet" href="/assets/9-login.css">
</head>
<body>
<main class="login panel">
{content}
</main>
</body>
</html>
"""

_FORM = """<h1>Log in</h1>
<p class="byline">{site}</p>
{mistake}
<form method="post" action="{route}">
<input type="hidden" name="next" value="{target}">
<input name="username" value="admin" autocomplete="username" hidden>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200" autofocus
 {described}>
<button class="button button-primary">Log in</button>
</form>
<p class="note">The admin password was shown on the box when it was first started. A viewer's key will do too. If the
password is lost, type <code>./run password</code> on the box to set another.</p>"""

_MISTAKE = '<p class="notice notice-broken" id="mistake" role="alert">{words}</p>'

_LOGGED_IN = """<h1>You are logged in</h1>
<p class="byline">{name}, with the role {role}.</p>
<form method="post" action="{route}"><button class="button button-primary">Log out</button></form>
{all_out}
<p><a href="/">To the page</a></p>"""

_ALL_OUT = """<form method="post" action="{route}"><button class="button">Log out every browser</button></form>
<p class="note">Do so when a telephone or a computer was lost on which somebody is logged in. Keys stay.</p>"""


def login_page(site_name: str, target: str, mistake: str | None = None) -> str:
    """The page with the form, as HTML.

    Args:
        site_name: Name of the place; empty for none.
        target: Where to go once logged in; checked before, as it comes from the address.
        mistake: What was wrong with the last try; None at the first.
    """
    site = escape(site_name or "Wi-Fi and Bluetooth Tracking")
    content = _FORM.format(
        site=site,
        route=LOGIN_ROUTE,
        target=escape(target),
        mistake="" if mistake is None else _MISTAKE.format(words=escape(mistake)),
        described="" if mistake is None else 'aria-invalid="true" aria-describedby="mistake"',
    )
    return _PAGE.format(title=f"Log in: {site}", content=content)


def logged_in_page(identity: Identity) -> str:
    """The page for who is logged in already, as HTML: it offers to log out, and the admin to log all out."""
    all_out = _ALL_OUT.format(route=LOGOUT_ALL_ROUTE) if identity.role is Role.ADMIN else ""
    content = _LOGGED_IN.format(name=escape(identity.name), role=identity.role, route=LOGOUT_ROUTE, all_out=all_out)
    return _PAGE.format(title="Logged in", content=content)
