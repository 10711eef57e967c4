"""Tests in a real JupyterLab and a real browser.

All of them are synchronous: Playwright's sync API runs a loop of its own in this thread.
"""
