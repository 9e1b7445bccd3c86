"""A simulated site: a city library with a café, as two radios on a shelf there would hear it, and the truth about it.

All of it is a pure function of a seed and the time, so that last week can be told at full speed, now goes on from
there, and a restart changes nothing.
"""
