"""Commands: what is typed and done at once; `table` names them all. What runs until it is stopped is app.py."""
