package main

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	serverPort = 8080
	adminPort  = 9090
	redisPort  = 6379
	redisUser  = 999
	redisGrace = 10

	configurationFolder = "/etc/realtime-server"
	credentialsFolder   = "/etc/realtime-operator"
)

func podTemplate(app *RealtimeApp, component string, user int64, password string, grace int64,
	container corev1.Container, volumes ...corev1.Volume) corev1.PodTemplateSpec {
	container.SecurityContext = &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
	container.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels:      childLabels(app, component),
			Annotations: map[string]string{annotationCredentials: password},
		},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken:  ptr.To(false),
			EnableServiceLinks:            ptr.To(false),
			ServiceAccountName:            app.Name,
			TerminationGracePeriodSeconds: ptr.To(grace),
			SecurityContext: &corev1.PodSecurityContext{
				FSGroup: ptr.To(user), RunAsGroup: ptr.To(user), RunAsUser: ptr.To(user), RunAsNonRoot: ptr.To(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{container},
			Volumes:    volumes,
		},
	}
	if component == componentApp {
		template.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew:           1,
			TopologyKey:       corev1.LabelHostname,
			WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector:     &metav1.LabelSelector{MatchLabels: selectorLabels(app, component)},
		}}
	}
	return template
}

// probe says all that the API server would default, so that a comparison with what is there finds no difference.
func probe(handler corev1.ProbeHandler, period, timeout, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: handler, PeriodSeconds: period, TimeoutSeconds: timeout, FailureThreshold: failures,
		SuccessThreshold: 1,
	}
}

func get(path string) corev1.ProbeHandler {
	return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("admin")}}
}

func serverContainer(app *RealtimeApp, image string) corev1.Container {
	return corev1.Container{
		Name:  "server",
		Image: image,
		Args: []string{"--config", configurationFolder + "/config.yaml", "--admin",
			"0.0.0.0:" + strconv.Itoa(adminPort)},
		Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: serverPort, Protocol: corev1.ProtocolTCP},
			{Name: "admin", ContainerPort: adminPort, Protocol: corev1.ProtocolTCP},
		},
		Env: []corev1.EnvVar{
			{Name: "PORT", Value: strconv.Itoa(serverPort)},
			{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{
				FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
			{Name: "REDIS_URL", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: redisName(app)}, Key: "url"}}},
		},
		VolumeMounts:   []corev1.VolumeMount{{Name: "configuration", MountPath: configurationFolder, ReadOnly: true}},
		StartupProbe:   probe(get("/healthz"), 1, 2, 60),
		ReadinessProbe: probe(get("/readyz"), 2, 2, 2),
		LivenessProbe:  probe(get("/healthz"), 10, 5, 6),
	}
}

func redisContainer(image string) corev1.Container {
	return corev1.Container{
		Name:    componentRedis,
		Image:   image,
		Command: []string{"redis-server"},
		Args: []string{credentialsFolder + "/redis.conf", "--port", strconv.Itoa(redisPort), "--dir", "/data",
			"--save", "", "--appendonly", "no"},
		Ports: []corev1.ContainerPort{{Name: "redis", ContainerPort: redisPort, Protocol: corev1.ProtocolTCP}},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "credentials", MountPath: credentialsFolder, ReadOnly: true},
			{Name: "data", MountPath: "/data"},
		},
		ReadinessProbe: probe(corev1.ProbeHandler{
			TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("redis")}}, 2, 1, 2),
	}
}
