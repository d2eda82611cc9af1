"""Container images without a container engine and without a registry; `hack/images` is the command line."""
