"""SHOW: Dash pages, pure functions from read models to components and figures; and the report, to text."""
