"""``report.html``: a run in one file that needs no network and runs under a strict content-security policy."""
