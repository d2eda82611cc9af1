"""What hack/bench does: contestants, the load generator, rounds, and what must hold."""
