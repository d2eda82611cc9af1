"""A real single-node Kubernetes on a machine that has only package registries; `hack/cluster` is its command line."""
