package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	operatorName   = "realtime-operator"
	labelManagedBy = "app.kubernetes.io/managed-by"

	componentApp   = "app"
	componentRedis = "redis"

	annotationAppUID      = "realtimeoperator.dev/app-uid"
	annotationCredentials = "realtimeoperator.dev/redis-credentials"

	serverUser     = 65532
	serverDrain    = time.Minute
	serverSlack    = 10
	stickyOnClient = 10800
)

var stickyCookie = map[string]string{
	"traefik.ingress.kubernetes.io/service.sticky.cookie":          "true",
	"traefik.ingress.kubernetes.io/service.sticky.cookie.name":     "realtime-replica",
	"traefik.ingress.kubernetes.io/service.sticky.cookie.httponly": "true",
	"traefik.ingress.kubernetes.io/service.sticky.cookie.samesite": "lax",
}

func redisName(app *RealtimeApp) string { return app.Name + "-redis" }

func redisEndpoint(app *RealtimeApp) string {
	return fmt.Sprintf("%s.%s.svc:%d", redisName(app), app.Namespace, redisPort)
}

func digest(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:16])
}

func selectorLabels(app *RealtimeApp, component string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      "realtimeapp",
		"app.kubernetes.io/instance":  app.Name,
		"app.kubernetes.io/component": component,
	}
}

func childLabels(app *RealtimeApp, component string) map[string]string {
	labels := selectorLabels(app, component)
	labels[labelManagedBy] = operatorName
	return labels
}

func childMeta(app *RealtimeApp, name, component string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:            name,
		Namespace:       app.Namespace,
		Labels:          childLabels(app, component),
		Annotations:     map[string]string{annotationAppUID: string(app.UID)},
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(app, groupVersion.WithKind("RealtimeApp"))},
	}
}

// desired gives every child but the Secret, in the order in which they are applied.
func desired(app *RealtimeApp, credentials *corev1.Secret, exposed bool, images images) ([]client.Object, error) {
	configuration, err := serverConfigMap(app)
	if err != nil {
		return nil, err
	}
	password := digest(credentials.Data["password"])
	children := []client.Object{
		&corev1.ServiceAccount{
			ObjectMeta:                   childMeta(app, app.Name, componentApp),
			AutomountServiceAccountToken: ptr.To(false),
		},
		configuration,
		redisService(app),
		redisStatefulSet(app, images.redis, password),
		serverService(app, exposed),
		headlessService(app),
		serverDeployment(app, images.server, configuration.Name, password),
		&policyv1.PodDisruptionBudget{
			ObjectMeta: childMeta(app, app.Name, componentApp),
			Spec: policyv1.PodDisruptionBudgetSpec{
				MaxUnavailable:             ptr.To(intstr.FromInt32(1)),
				Selector:                   &metav1.LabelSelector{MatchLabels: selectorLabels(app, componentApp)},
				UnhealthyPodEvictionPolicy: ptr.To(policyv1.AlwaysAllow),
			},
		},
	}
	if exposed {
		children = append(children, ingress(app))
	}
	return children, nil
}

func serverConfigMap(app *RealtimeApp) (*corev1.ConfigMap, error) {
	path := app.Spec.Protocol.Path
	if path == "" {
		path = "/socket.io/"
	}
	text, err := json.MarshalIndent(map[string]any{
		"drain":    map[string]any{"deadline": drain(app).String()},
		"protocol": map[string]any{"path": path},
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return &corev1.ConfigMap{
		ObjectMeta: childMeta(app, app.Name+"-server-"+digest(text)[:10], componentApp),
		Data:       map[string]string{"config.yaml": string(text) + "\n"},
		Immutable:  ptr.To(true),
	}, nil
}

func drain(app *RealtimeApp) time.Duration {
	if app.Spec.Drain.Deadline != nil {
		return app.Spec.Drain.Deadline.Duration
	}
	return serverDrain
}

func service(app *RealtimeApp, name, component string, ports ...corev1.ServicePort) *corev1.Service {
	for i := range ports {
		ports[i].TargetPort = intstr.FromString(ports[i].Name)
		ports[i].Protocol = corev1.ProtocolTCP
	}
	return &corev1.Service{
		ObjectMeta: childMeta(app, name, component),
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: selectorLabels(app, component),
			Ports:    ports,
		},
	}
}

func redisService(app *RealtimeApp) *corev1.Service {
	return service(app, redisName(app), componentRedis, corev1.ServicePort{Name: "redis", Port: redisPort})
}

func serverService(app *RealtimeApp, exposed bool) *corev1.Service {
	made := service(app, app.Name, componentApp, corev1.ServicePort{Name: "http", Port: 80})
	if exposed {
		maps.Copy(made.Annotations, stickyCookie)
	}
	made.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
	made.Spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{
		ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: ptr.To[int32](stickyOnClient)},
	}
	return made
}

func headlessService(app *RealtimeApp) *corev1.Service {
	made := service(app, app.Name+"-headless", componentApp,
		corev1.ServicePort{Name: "http", Port: serverPort}, corev1.ServicePort{Name: "admin", Port: adminPort})
	made.Spec.ClusterIP = corev1.ClusterIPNone
	return made
}

func serverDeployment(app *RealtimeApp, image, configuration, password string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: childMeta(app, app.Name, componentApp),
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(app.Spec.Replicas),
			Selector: &metav1.LabelSelector{MatchLabels: selectorLabels(app, componentApp)},
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxSurge: ptr.To(intstr.FromInt32(1)), MaxUnavailable: ptr.To(intstr.FromInt32(0)),
				},
			},
			Template: podTemplate(app, componentApp, serverUser, password,
				int64(math.Ceil(drain(app).Seconds()))+serverSlack, serverContainer(app, image),
				corev1.Volume{Name: "configuration", VolumeSource: corev1.VolumeSource{
					ConfigMap: &corev1.ConfigMapVolumeSource{
						LocalObjectReference: corev1.LocalObjectReference{Name: configuration}},
				}}),
		},
	}
}

func redisStatefulSet(app *RealtimeApp, image, password string) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{
		ObjectMeta: childMeta(app, redisName(app), componentRedis),
		Spec: appsv1.StatefulSetSpec{
			Replicas:            ptr.To[int32](1),
			PodManagementPolicy: appsv1.ParallelPodManagement,
			ServiceName:         redisName(app),
			Selector:            &metav1.LabelSelector{MatchLabels: selectorLabels(app, componentRedis)},
			Template: podTemplate(app, componentRedis, redisUser, password, redisGrace, redisContainer(image),
				corev1.Volume{Name: "credentials", VolumeSource: corev1.VolumeSource{
					Secret: &corev1.SecretVolumeSource{SecretName: redisName(app)}}},
				corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}),
		},
	}
}

func ingress(app *RealtimeApp) *networkingv1.Ingress {
	made := &networkingv1.Ingress{
		ObjectMeta: childMeta(app, app.Name, componentApp),
		Spec:       networkingv1.IngressSpec{IngressClassName: ptr.To(app.Spec.Exposure.ClassName)},
	}
	for name, value := range app.Spec.Exposure.Annotations {
		made.Annotations[name] = value
	}
	rule := networkingv1.IngressRule{Host: app.Spec.Exposure.Host}
	rule.HTTP = &networkingv1.HTTPIngressRuleValue{}
	for _, path := range exposurePaths(app) {
		rule.HTTP.Paths = append(rule.HTTP.Paths, networkingv1.HTTPIngressPath{
			Path: path, PathType: ptr.To(networkingv1.PathTypePrefix),
			Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
				Name: app.Name, Port: networkingv1.ServiceBackendPort{Name: "http"}}},
		})
	}
	made.Spec.Rules = []networkingv1.IngressRule{rule}
	return made
}

func exposurePaths(app *RealtimeApp) []string {
	if len(app.Spec.Exposure.Paths) == 0 {
		return []string{"/"}
	}
	return app.Spec.Exposure.Paths
}
