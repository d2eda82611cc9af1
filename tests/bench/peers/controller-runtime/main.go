// A small operator for RealtimeApps on controller-runtime: what hack/bench compares the project's own with.
//
// It is written as the documentation of controller-runtime teaches, and for speed where that leaves a choice: the cache
// has only labelled objects without managedFields, the client is not throttled, a child is applied only if it differs from
// what the cache has, the status is written only when it changed. It knows apps of the bundled server with a provisioned
// Redis, and says so in the status of any other.
package main

import (
	"flag"
	"os"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

type options struct {
	metricsAddress, probeAddress   string
	leaderElect                    bool
	leaseName, leaseNamespace      string
	workers                        int
	defaultServerImage, redisImage string
}

func parseOptions() options {
	var o options
	flag.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "Where Prometheus finds /metrics.")
	flag.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "Where the kubelet finds /healthz and /readyz.")
	flag.BoolVar(&o.leaderElect, "leader-elect", false, "Work only while holding a Lease.")
	flag.StringVar(&o.leaseName, "leader-elect-resource-name", "controller-runtime-peer", "The Lease's name.")
	flag.StringVar(&o.leaseNamespace, "leader-elect-resource-namespace", "", "The Lease's namespace.")
	flag.IntVar(&o.workers, "workers", 4, "RealtimeApps that are reconciled at the same time.")
	flag.StringVar(&o.defaultServerImage, "server-image", "realtime-server:default", "The server's image by default.")
	flag.StringVar(&o.redisImage, "redis-image", "redis:7.4-alpine", "The image of Redis by default.")
	logging := zap.Options{}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))
	return o
}

func newManager(o options) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := addToScheme(scheme); err != nil {
		return nil, err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the server's priority and fairness is enough of a limit
	return ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme,
		Cache: cache.Options{
			DefaultTransform:     cache.TransformStripManagedFields(),
			DefaultLabelSelector: labels.SelectorFromSet(labels.Set{labelManagedBy: operatorName}),
			ByObject: map[client.Object]cache.ByObject{
				&RealtimeApp{}:               {Label: labels.Everything()},
				&networkingv1.IngressClass{}: {Label: labels.Everything()},
			},
		},
		Metrics:                       metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.probeAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              o.leaseName,
		LeaderElectionNamespace:       o.leaseNamespace,
		LeaderElectionReleaseOnCancel: true, // main returns as soon as the manager has stopped
	})
}

func run(o options) error {
	mgr, err := newManager(o)
	if err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("healthz", healthz.Ping); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("readyz", healthz.Ping); err != nil {
		return err
	}
	reconciler := &Reconciler{
		Client:      mgr.GetClient(),
		live:        mgr.GetAPIReader(),
		recorder:    mgr.GetEventRecorder(operatorName),
		serverImage: o.defaultServerImage,
		redisImage:  o.redisImage,
	}
	ctx := ctrl.SetupSignalHandler()
	if err := reconciler.setUp(ctx, mgr, o.workers); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func main() {
	if err := run(parseOptions()); err != nil {
		ctrl.Log.Error(err, "the operator ends")
		os.Exit(1)
	}
}
