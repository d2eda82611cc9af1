package main

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "realtimeoperator.dev", Version: "v1alpha1"}

// RealtimeApp has the fields of crds/realtimeoperator.dev_realtimeapps.yaml that this operator reads and writes.
type RealtimeApp struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   RealtimeAppSpec   `json:"spec"`
	Status RealtimeAppStatus `json:"status,omitempty"`
}

type RealtimeAppSpec struct {
	Replicas int32        `json:"replicas"`
	Server   *ServerSpec  `json:"server,omitempty"`
	Protocol ProtocolSpec `json:"protocol,omitempty"`
	Drain    DrainSpec    `json:"drain,omitempty"`
	Redis    RedisSpec    `json:"redis,omitempty"`
	Exposure ExposureSpec `json:"exposure,omitempty"`
}

type ServerSpec struct {
	Image string `json:"image,omitempty"`
}

type ProtocolSpec struct {
	Path string `json:"path,omitempty"`
}

type DrainSpec struct {
	Deadline *metav1.Duration `json:"deadline,omitempty"`
}

type RedisSpec struct {
	Type  string `json:"type,omitempty"`
	Image string `json:"image,omitempty"`
}

type ExposureSpec struct {
	Type        string            `json:"type,omitempty"`
	ClassName   string            `json:"className,omitempty"`
	Host        string            `json:"host,omitempty"`
	Paths       []string          `json:"paths,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type RealtimeAppStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Replicas           int32              `json:"replicas"`
	ReadyReplicas      int32              `json:"readyReplicas"`
	ReplicasSummary    string             `json:"replicasSummary,omitempty"`
	Selector           string             `json:"selector,omitempty"`
	URL                string             `json:"url,omitempty"`
	Server             ImageStatus        `json:"server,omitempty"`
	Redis              RedisStatus        `json:"redis,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

type ImageStatus struct {
	Image        string `json:"image,omitempty"`
	DefaultImage string `json:"defaultImage,omitempty"`
}

type RedisStatus struct {
	Endpoint    string `json:"endpoint,omitempty"`
	ImageStatus `json:",inline"`
}

type RealtimeAppList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []RealtimeApp `json:"items"`
}

func (in *RealtimeApp) DeepCopy() *RealtimeApp {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if in.Spec.Server != nil {
		server := *in.Spec.Server
		out.Spec.Server = &server
	}
	if in.Spec.Drain.Deadline != nil {
		deadline := *in.Spec.Drain.Deadline
		out.Spec.Drain.Deadline = &deadline
	}
	out.Spec.Exposure.Paths = slices.Clone(in.Spec.Exposure.Paths)
	out.Spec.Exposure.Annotations = maps.Clone(in.Spec.Exposure.Annotations)
	out.Status.Conditions = slices.Clone(in.Status.Conditions)
	return &out
}

func (in *RealtimeApp) DeepCopyObject() runtime.Object { return in.DeepCopy() }

func (in *RealtimeAppList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]RealtimeApp, len(in.Items))
	for i := range in.Items {
		out.Items[i] = *in.Items[i].DeepCopy()
	}
	return &out
}

func addToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(groupVersion, &RealtimeApp{}, &RealtimeAppList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return nil
}
