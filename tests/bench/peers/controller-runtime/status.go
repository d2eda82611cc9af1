package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

const traefik = "traefik.io/ingress-controller"

// observed is what the status of an app is made of.
type observed struct {
	deployment       *appsv1.Deployment
	redis            *appsv1.StatefulSet
	ingress          *networkingv1.Ingress
	class            *networkingv1.IngressClass
	images, defaults images
}

// choose takes the images that the manifest names, else the defaults that the app was made with, else today's.
func (o *observed) choose(app *RealtimeApp) {
	o.defaults.server = cmp.Or(o.images.server, o.defaults.server)
	o.defaults.redis = cmp.Or(o.images.redis, o.defaults.redis)
	o.images.server = cmp.Or(app.Spec.Server.Image, o.defaults.server)
	o.images.redis = cmp.Or(app.Spec.Redis.Image, o.defaults.redis)
}

func (o *observed) exposed(app *RealtimeApp) bool {
	return app.Spec.Exposure.Type == "Ingress" && o.class != nil && o.class.Spec.Controller == traefik
}

// rolledOut says whether every replica that is wanted is ready on the current template, and no other is left.
func (o *observed) rolledOut(app *RealtimeApp) bool {
	d, wanted := o.deployment, app.Spec.Replicas
	return d != nil && d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas >= wanted &&
		d.Status.Replicas <= d.Status.UpdatedReplicas && d.Status.ReadyReplicas >= wanted
}

type verdict struct {
	holds           bool
	reason, message string
}

func (o *observed) assessRedis(app *RealtimeApp) verdict {
	set := o.redis
	if set == nil || set.Status.ReadyReplicas < 1 || set.Status.ObservedGeneration < set.Generation {
		return verdict{false, "RedisStarting", fmt.Sprintf("Redis is not ready: see pod %q", redisName(app)+"-0")}
	}
	return verdict{true, "RedisServing", "Redis serves at " + redisEndpoint(app)}
}

func (o *observed) assessExposure(app *RealtimeApp) verdict {
	switch {
	case app.Spec.Exposure.Type != "Ingress":
		return verdict{true, "NotExposed", fmt.Sprintf("clients inside the cluster use Service %q", app.Name)}
	case o.class == nil:
		return verdict{false, "IngressClassNotFound",
			fmt.Sprintf("IngressClass %q does not exist", app.Spec.Exposure.ClassName)}
	case !o.exposed(app):
		return verdict{false, "IngressClassUnsupported",
			fmt.Sprintf("IngressClass %q is served by %s, which is not supported", o.class.Name, o.class.Spec.Controller)}
	}
	if url := o.url(app); url != "" {
		return verdict{true, "IngressServing", "clients reach the fleet at " + url}
	}
	return verdict{false, "IngressPending", "the Ingress has no address yet"}
}

func (o *observed) url(app *RealtimeApp) string {
	if app.Spec.Exposure.Type != "Ingress" {
		return fmt.Sprintf("http://%s.%s.svc/", app.Name, app.Namespace)
	}
	if o.ingress == nil {
		return ""
	}
	host := app.Spec.Exposure.Host
	for _, at := range o.ingress.Status.LoadBalancer.Ingress {
		host = cmp.Or(host, at.Hostname, at.IP)
	}
	if host == "" {
		return ""
	}
	return "http://" + host + exposurePaths(app)[0]
}

func (o *observed) assessReplicas(app *RealtimeApp) verdict {
	d, wanted := o.deployment, app.Spec.Replicas
	switch {
	case d == nil:
		return verdict{false, "ReplicasNotReady", "the Deployment is being created"}
	case d.Status.ObservedGeneration < d.Generation || d.Status.UpdatedReplicas < wanted ||
		d.Status.Replicas > d.Status.UpdatedReplicas:
		return verdict{false, "RolloutInProgress", fmt.Sprintf("%d of %d replicas run the current manifest, %d exist",
			d.Status.UpdatedReplicas, wanted, d.Status.Replicas)}
	case d.Status.ReadyReplicas < wanted:
		return verdict{false, "ReplicasNotReady",
			fmt.Sprintf("%d of %d replicas are ready", d.Status.ReadyReplicas, wanted)}
	case wanted == 0:
		return verdict{true, "ScaledToZero", "replicas is 0: no client can connect until it is raised"}
	}
	return verdict{true, "FleetReady", fmt.Sprintf("%d of %d replicas are ready", wanted, wanted)}
}

func assess(app *RealtimeApp, seen *observed) RealtimeAppStatus {
	redis, exposure, ready := seen.assessRedis(app), seen.assessExposure(app), seen.assessReplicas(app)
	stalled := verdict{false, "NothingWrong", "nothing keeps the fleet from becoming ready"}
	if strings.HasPrefix(exposure.reason, "IngressClass") {
		stalled = verdict{true, exposure.reason, exposure.message}
	}
	switch {
	case stalled.holds:
		ready = verdict{false, stalled.reason, stalled.message}
	case !redis.holds:
		ready = verdict{false, "RedisNotReady", redis.message}
	case ready.holds && !exposure.holds:
		ready = verdict{false, "ExposureNotReady", exposure.message}
	}
	reconciling := verdict{false, "Settled", "nothing is left to do"}
	if !ready.holds && !stalled.holds {
		reconciling = verdict{true, "Progressing", ready.message}
	}
	status := RealtimeAppStatus{
		ObservedGeneration: app.Generation,
		Selector:           labels.SelectorFromSet(selectorLabels(app, componentApp)).String(),
		URL:                seen.url(app),
		Server:             ImageStatus{Image: seen.images.server, DefaultImage: seen.defaults.server},
		Redis: RedisStatus{Endpoint: redisEndpoint(app),
			ImageStatus: ImageStatus{Image: seen.images.redis, DefaultImage: seen.defaults.redis}},
		Conditions: slices.Clone(app.Status.Conditions),
	}
	if d := seen.deployment; d != nil {
		status.Replicas = d.Status.Replicas
		if d.Status.ObservedGeneration >= d.Generation {
			status.ReadyReplicas = min(d.Status.ReadyReplicas, d.Status.UpdatedReplicas)
		}
	}
	status.ReplicasSummary = fmt.Sprintf("%d/%d", status.ReadyReplicas, app.Spec.Replicas)
	set(app, &status, "Ready", ready)
	set(app, &status, "Reconciling", reconciling)
	set(app, &status, "Stalled", stalled)
	set(app, &status, "RedisReady", redis)
	set(app, &status, "ExposureReady", exposure)
	return status
}

func unsupported(app *RealtimeApp) RealtimeAppStatus {
	status := app.DeepCopy().Status
	status.ObservedGeneration = app.Generation
	it := verdict{false, "Unsupported", "this operator knows apps of the bundled server with a provisioned Redis only"}
	set(app, &status, "Ready", it)
	return status
}

func set(app *RealtimeApp, status *RealtimeAppStatus, kind string, it verdict) {
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type: kind, Status: ternary(it.holds), Reason: it.reason, Message: it.message, ObservedGeneration: app.Generation,
	})
}

func ternary(holds bool) metav1.ConditionStatus {
	if holds {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}

func isReady(app *RealtimeApp) bool {
	return meta.IsStatusConditionTrue(app.Status.Conditions, "Ready")
}

func readyMessage(app *RealtimeApp) string {
	return ptr.Deref(meta.FindStatusCondition(app.Status.Conditions, "Ready"), metav1.Condition{}).Message
}
