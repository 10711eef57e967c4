"""What a run looks like, as data: folded once from its events, shown anywhere."""
