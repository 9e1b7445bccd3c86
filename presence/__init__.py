"""UNDERSTAND: the nouns of the field and the pure rules over what was heard.

Nothing here does input or output, reads a clock, or knows a framework.
"""
