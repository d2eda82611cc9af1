"""Where there is no way to bring the images to the cluster, that is said before anything is done."""

from __future__ import annotations

from tests.quickstart.checkout import only


def test_without_a_registry_most_clusters_are_refused(refuses, admin):
    refuses("--yes", words=("somebodys", "only kind clusters", "--registry HOST/PATH"), **admin)


def test_a_kind_cluster_without_the_program_kind_is_refused(refuses, kind, foreign, tmp_path):
    variables = {**kind, "PATH": only(tmp_path / "bin", foreign.program("kubectl"))}
    refuses("--yes", words=("kind-x", "program kind", "not on PATH", "--registry HOST/PATH"), **variables)


def test_a_registry_without_buildah_is_refused(refuses, admin, foreign, tmp_path):
    variables = {**admin, "PATH": only(tmp_path / "bin", foreign.program("kubectl"))}
    refuses("--yes", "--registry", "registry.example.com/team", words=("buildah", "Debian"), **variables)
