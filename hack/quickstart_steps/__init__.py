"""From nothing to a running fleet, and back; `hack/quickstart` is the command line."""
