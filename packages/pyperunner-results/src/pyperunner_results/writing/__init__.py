"""Writing a run: its folder, its events and what it depended on."""
