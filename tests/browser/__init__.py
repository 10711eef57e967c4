"""Tests in a real JupyterLab and a real browser; all of them synchronous, because Playwright's sync API owns the loop."""
