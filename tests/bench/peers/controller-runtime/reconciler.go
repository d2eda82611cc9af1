package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

const (
	byOwner = ".metadata.controller"
	byClass = ".spec.exposure.className"
)

type images struct{ server, redis string }

// Reconciler makes a RealtimeApp's children what they should be, and says in its status what they are.
type Reconciler struct {
	client.Client
	live                    client.Reader // not the cache
	recorder                events.EventRecorder
	serverImage, redisImage string
}

func (r *Reconciler) setUp(ctx context.Context, mgr ctrl.Manager, workers int) error {
	indexer := mgr.GetFieldIndexer()
	if err := indexer.IndexField(ctx, &corev1.ConfigMap{}, byOwner, func(object client.Object) []string {
		if owner := metav1.GetControllerOf(object); owner != nil && owner.Kind == "RealtimeApp" {
			return []string{owner.Name}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &RealtimeApp{}, byClass, func(object client.Object) []string {
		return []string{object.(*RealtimeApp).Spec.Exposure.ClassName}
	}); err != nil {
		return err
	}
	// A budget's status says nothing that an app's does.
	changed := builder.WithPredicates(predicate.Or(
		predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}, predicate.AnnotationChangedPredicate{}))
	return ctrl.NewControllerManagedBy(mgr).
		For(&RealtimeApp{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&appsv1.Deployment{}).
		Owns(&appsv1.StatefulSet{}).
		Owns(&corev1.ConfigMap{}).
		Owns(&corev1.Secret{}).
		Owns(&corev1.Service{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&networkingv1.Ingress{}).
		Owns(&policyv1.PodDisruptionBudget{}, changed).
		Watches(&networkingv1.IngressClass{}, handler.EnqueueRequestsFromMapFunc(r.appsOfClass)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			EnableWarmup:            ptr.To(true), // of what a new leader would read first
		}).
		Complete(r)
}

func (r *Reconciler) appsOfClass(ctx context.Context, class client.Object) []ctrl.Request {
	var apps RealtimeAppList
	if err := r.List(ctx, &apps, client.MatchingFields{byClass: class.GetName()}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "the apps of an IngressClass cannot be listed")
		return nil
	}
	requests := make([]ctrl.Request, 0, len(apps.Items))
	for i := range apps.Items {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&apps.Items[i])})
	}
	return requests
}

func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var app RealtimeApp
	if err := r.Get(ctx, request.NamespacedName, &app); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !app.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // its children are the garbage collector's
	}
	if app.Spec.Server == nil || app.Spec.Redis.Type == "None" {
		return ctrl.Result{}, r.writeStatus(ctx, &app, unsupported(&app))
	}
	seen, err := r.bringAbout(ctx, &app)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.writeStatus(ctx, &app, assess(&app, seen))
}

// bringAbout applies what differs from what is wanted, and gives what was there.
func (r *Reconciler) bringAbout(ctx context.Context, app *RealtimeApp) (*observed, error) {
	seen := &observed{images: images{server: app.Status.Server.DefaultImage, redis: app.Status.Redis.DefaultImage},
		defaults: images{server: r.serverImage, redis: r.redisImage}}
	seen.choose(app)
	var err error
	if seen.class, err = r.ingressClass(ctx, app); err != nil {
		return nil, err
	}
	credentials, err := r.credentials(ctx, app)
	if err != nil {
		return nil, err
	}
	children, err := desired(app, credentials, seen.exposed(app), seen.images)
	if err != nil {
		return nil, err
	}
	configuration := ""
	for _, child := range children {
		current, err := r.bringAboutOne(ctx, child)
		if err != nil {
			return nil, fmt.Errorf("%T %s: %w", child, child.GetName(), err)
		}
		switch it := current.(type) {
		case *appsv1.Deployment:
			seen.deployment = it
		case *appsv1.StatefulSet:
			seen.redis = it
		case *networkingv1.Ingress:
			seen.ingress = it
		case *corev1.ConfigMap:
			configuration = it.Name
		}
	}
	if seen.rolledOut(app) {
		return seen, r.removeConfigurations(ctx, app, configuration)
	}
	return seen, nil
}

// bringAboutOne gives the child as the cache has it, or as it is now if it had to be applied.
func (r *Reconciler) bringAboutOne(ctx context.Context, child client.Object) (client.Object, error) {
	current := child.DeepCopyObject().(client.Object)
	err := r.Get(ctx, client.ObjectKeyFromObject(child), current)
	if client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	if err == nil && isAsDesired(child, current) {
		return current, nil
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(child)
	if err != nil {
		return nil, err
	}
	delete(fields, "status")
	object := &unstructured.Unstructured{Object: fields}
	kind, err := apiutil.GVKForObject(child, r.Scheme())
	if err != nil {
		return nil, err
	}
	object.SetGroupVersionKind(kind)
	if err := r.Apply(ctx, client.ApplyConfigurationFromUnstructured(object),
		client.FieldOwner(operatorName), client.ForceOwnership); err != nil {
		return nil, err
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, current)
	return current, err
}

// isAsDesired says whether everything that is set in what is desired is there.
func isAsDesired(desired, current client.Object) bool {
	same := equality.Semantic.DeepDerivative
	if !same(desired.GetLabels(), current.GetLabels()) || !same(desired.GetAnnotations(), current.GetAnnotations()) ||
		!same(desired.GetOwnerReferences(), current.GetOwnerReferences()) {
		return false
	}
	switch want := desired.(type) {
	case *corev1.ServiceAccount:
		return same(want.AutomountServiceAccountToken, current.(*corev1.ServiceAccount).AutomountServiceAccountToken)
	case *corev1.ConfigMap:
		return same(want.Data, current.(*corev1.ConfigMap).Data)
	case *corev1.Service:
		return same(want.Spec, current.(*corev1.Service).Spec)
	case *appsv1.Deployment:
		return same(want.Spec, current.(*appsv1.Deployment).Spec)
	case *appsv1.StatefulSet:
		return same(want.Spec, current.(*appsv1.StatefulSet).Spec)
	case *policyv1.PodDisruptionBudget:
		return same(want.Spec, current.(*policyv1.PodDisruptionBudget).Spec)
	case *networkingv1.Ingress:
		return same(want.Spec, current.(*networkingv1.Ingress).Spec)
	}
	return false
}

func (r *Reconciler) ingressClass(ctx context.Context, app *RealtimeApp) (*networkingv1.IngressClass, error) {
	if app.Spec.Exposure.Type != "Ingress" {
		return nil, nil
	}
	var class networkingv1.IngressClass
	if err := r.Get(ctx, types.NamespacedName{Name: app.Spec.Exposure.ClassName}, &class); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return &class, nil
}

// credentials gives the Secret with the password of Redis, which is made once.
func (r *Reconciler) credentials(ctx context.Context, app *RealtimeApp) (*corev1.Secret, error) {
	key := types.NamespacedName{Namespace: app.Namespace, Name: redisName(app)}
	var found corev1.Secret
	err := r.Get(ctx, key, &found)
	if !apierrors.IsNotFound(err) {
		return &found, err
	}
	random := make([]byte, 24)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	password := hex.EncodeToString(random)
	made := &corev1.Secret{
		ObjectMeta: childMeta(app, key.Name, componentRedis),
		Type:       corev1.SecretTypeOpaque,
		Data: map[string][]byte{
			"password":   []byte(password),
			"url":        fmt.Appendf(nil, "redis://:%s@%s/0", password, redisEndpoint(app)),
			"redis.conf": fmt.Appendf(nil, "requirepass %s\n", password),
		},
	}
	err = r.Create(ctx, made, client.FieldOwner(operatorName))
	if apierrors.IsAlreadyExists(err) { // and the cache does not have it yet
		err = r.live.Get(ctx, key, &found)
		return &found, err
	}
	return made, err
}

// removeConfigurations deletes the ConfigMaps of earlier configurations, which no pod mounts any more.
func (r *Reconciler) removeConfigurations(ctx context.Context, app *RealtimeApp, wanted string) error {
	var all corev1.ConfigMapList
	if err := r.List(ctx, &all, client.InNamespace(app.Namespace), client.MatchingFields{byOwner: app.Name}); err != nil {
		return err
	}
	for i := range all.Items {
		if it := &all.Items[i]; it.Name != wanted && metav1.IsControlledBy(it, app) {
			if err := client.IgnoreNotFound(r.Delete(ctx, it)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Reconciler) writeStatus(ctx context.Context, app *RealtimeApp, status RealtimeAppStatus) error {
	if equality.Semantic.DeepEqual(app.Status, status) {
		return nil
	}
	before := app.DeepCopy()
	app.Status = status
	if err := r.Status().Patch(ctx, app, client.MergeFrom(before), client.FieldOwner(operatorName)); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !isReady(before) && isReady(app) {
		r.recorder.Eventf(app, nil, corev1.EventTypeNormal, "Ready", "Reconcile", "%s", readyMessage(app))
	}
	return nil
}
