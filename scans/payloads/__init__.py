"""Payloads: what tags tell of themselves in what they broadcast, one file a family of formats."""
