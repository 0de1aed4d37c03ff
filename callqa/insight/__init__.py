"""What deals and calls show together: how new reps come up to the tenured."""
