"""The API for programs: what was counted and heard, single detections, sensors and settings."""
