"""From nothing to a running app, and back; `hack/quickstart` is the command line."""
