"""The chart's life on a cluster: installed, tested, upgraded, removed; and what is left then."""

import pytest

from tests.platform.traffic import ECHO
from tests.support.app import App, manifest
from tests.support.kubectl import KubectlError
from tests.support.waiting import wait_for


@pytest.fixture
def app(kubectl, namespace) -> App:
    """Not made yet; `apply` makes it."""
    return App(kubectl, "chat", namespace)


def apply(app: App, **spec: object) -> None:
    app.kubectl.apply(manifest(app.name, app.namespace, **{"replicas": 2, "server": ECHO, **spec}))


def test_install_upgrade_test_and_uninstall(release, app, figures):
    notes = release.install()
    assert "one of them leads" in notes
    wait, make, look = (line.strip() for line in notes.rstrip().splitlines()[-3:])
    assert "successfully rolled out" in app.kubectl.shell(wait)
    app.kubectl.shell(make)
    App(app.kubectl, "chat", "default").wait_ready()
    assert "3/3" in app.kubectl.shell(look.removesuffix(" --watch"))
    app.kubectl("delete", "realtimeapp", "chat", "-n", "default")
    apply(app)
    figures.add("kubectl apply to Ready after helm install", f"{app.wait_ready():.1f} s")
    words = release.test()
    assert words.rstrip().splitlines()[-1] == "PASSED", words
    assert "websocket: upgraded (101)" in words
    for kind in ("realtimeapps", "deployments.apps"):
        left = [it["metadata"]["name"] for it in release.kubectl.items(kind, "-n", release.namespace)]
        assert [name for name in left if "test" in name] == [], "the test leaves its fleet behind"
    before = app.incarnations()

    release.install("redis.image=localhost/redis:newer", "server.image=localhost/realtime-server:newer", replicas=3,
                    networkPolicy={"enabled": True}, metrics={"dashboard": {"enabled": True}})
    release.wait_led()
    # The upgraded operator has looked at the app once it has answered a change.
    app.scale(3)
    app.wait_ready()
    after = app.incarnations()
    assert {pod: after[pod] for pod in before} == before, "the upgrade of the chart restarted an app's pod"

    assert "kept due to the resource policy" in release.uninstall()
    assert release.has_crd()
    assert app.get()["spec"]["replicas"] == 3
    assert app.incarnations() == after, "the app runs without an operator"

    release.install(crds={"keep": False})
    app.scale(2)
    app.wait_ready()
    release.kubectl("get", "realtimeapps", "--all-namespaces")
    release.uninstall()
    wait_for(lambda: not release.has_crd(), 60, "the CRD to go, which was not to be kept", 0.5)
    wait_for(lambda: not app.kubectl.items("deployments", "-n", app.namespace), 60, "the app to go with its resource", 0.5)


def test_watched_namespaces_are_all_it_works_in(release, kubectl, namespaces):
    watched, other, _ = namespaces
    release.install(watchNamespaces=[watched])
    apply(App(kubectl, "chat", other))
    mine = App(kubectl, "chat", watched)
    apply(mine)
    mine.wait_ready()
    assert release.test().rstrip().endswith("PASSED")
    assert "status" not in App(kubectl, "chat", other).get()
    assert not kubectl.items("deployments", "-n", other)

    def may(verb, resource, *scope):
        name, _, part = resource.partition("/")  # kubectl takes what follows a slash for a name
        try:
            return kubectl("auth", "can-i", verb, name, f"--subresource={part}", *scope, f"--as={release.user}").strip() == "yes"
        except KubectlError:  # that is how it says no
            return False

    refused = [("get", "secrets"), ("list", "secrets"), ("create", "secrets"), ("patch", "secrets"), ("list", "pods"),
               ("create", "deployments.apps"), ("delete", "services"), ("list", "configmaps"), ("create", "pods/exec"),
               ("list", "realtimeapps.realtimeoperator.dev"), ("patch", "realtimeapps.realtimeoperator.dev/status"),
               ("create", "ingresses.networking.k8s.io"), ("create", "events.events.k8s.io"), ("list", "events.events.k8s.io")]
    for verb, resource in refused:
        for scope in (("-n", other), ("-n", "kube-system"), ("-n", release.namespace), ("--all-namespaces",)):
            assert not may(verb, resource, *scope), f"{verb} {resource} {scope}"
    assert may("get", "secrets", "-n", watched) and not may("list", "secrets", "-n", watched)


def test_hosts_by_namespace(release, kubectl, namespaces):
    team_a, team_b, nobody = namespaces
    release.install(exposure={"allowedHostSuffixes": {team_a: ["a.test", "other.test"], nobody: [], "*": ["apps.test"]}})

    def claim(namespace, host=None, name="chat", *arguments, annotations=None):
        exposure = {"type": "Ingress", "className": "traefik", **({"host": host} if host else {}), "annotations": annotations or {}}
        kubectl.apply(manifest(name, namespace, server={}, redis={"type": "None"}, exposure=exposure), arguments=arguments)

    # A policy takes effect a moment after it was made.
    wait_for(lambda: refusal(claim, team_b, "a.test", "probe", "--dry-run=server"), 30, "the policy to be enforced")
    for namespace, host, words in (
            (team_a, "b.test", '"b.test" is not allowed in this namespace; allowed, including subdomains: a.test, other.test'),
            (team_a, "notea.test", '"notea.test" is not allowed in this namespace'),
            (team_a, None, "an app without a host claims every host"),
            (team_b, "chat.a.test", "allowed, including subdomains: apps.test"),
            (nobody, "apps.test", f'apps in namespace "{nobody}" cannot use any host: set spec.exposure.type to None')):
        assert "spec.exposure.host: " in refusal(claim, namespace, host)
        assert words in refusal(claim, namespace, host)
    published = {"external-dns.alpha.kubernetes.io/hostname": "x.a.test, x.b.test"}
    words = refusal(lambda: claim(team_a, "a.test", annotations=published))
    assert 'spec.exposure.annotations: "x.b.test" is not allowed in this namespace' in words, words
    claim(team_a, "a.test", annotations={"external-dns.alpha.kubernetes.io/hostname": "x.a.test, y.a.test"})
    claim(team_a, "chat.other.test", "chat-2")
    claim(team_b, "b.apps.test")
    kubectl.apply(manifest("inside", nobody, server={}, redis={"type": "None"}))

    release.install(exposure={"allowedHostSuffixes": {team_a: ["new.test"]}})
    wait_for(lambda: "new.test" in refusal(claim, team_a, "third.a.test", "probe", "--dry-run=server"), 30, "the new limits to be enforced")
    App(kubectl, "chat", team_a).scale(0)  # what is exposed already stays so, and can still be changed
    kubectl("label", "realtimeapp", "chat", "-n", team_a, "team=a")
    assert "new.test" in refusal(claim, team_a, "again.a.test")


def refusal(claim, *arguments) -> str:
    """The API server's words; empty if it takes the manifest."""
    try:
        claim(*arguments)
    except KubectlError as error:
        return error.output
    return ""
