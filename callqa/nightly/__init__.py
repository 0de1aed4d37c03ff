"""What stands around the nightly batch: progress, summary, logs, Prometheus, the lock, tries again, the watch."""
