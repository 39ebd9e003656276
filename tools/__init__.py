"""What `make` runs: setting a checkout up, and the stages of `make test`."""
