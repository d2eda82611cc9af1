{{/*
The operator's permissions in each namespace that it watches: in a ClusterRole if it watches all namespaces, otherwise in
a Role in each of them.
*/}}
{{- define "realtime-operator.namespacedRules" -}}
- apiGroups: [realtimeoperator.dev]
  resources: [realtimeapps]
  verbs: [get, list, watch]
- apiGroups: [realtimeoperator.dev]
  resources: [realtimeapps/status]
  verbs: [get, patch]
# Owner references with blockOwnerDeletion need this.
- apiGroups: [realtimeoperator.dev]
  resources: [realtimeapps/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# Which configurations are in use, and where the metrics of ready replicas are.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
# To find out why pods do not run.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [services, serviceaccounts, configmaps]
  verbs: [get, list, watch, create, patch, delete]
# No list, no watch: the operator reads only Secrets whose names it knows. It deletes none; Kubernetes deletes them with
# their owner.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Listed when Redis has no pod: only Events say why its StatefulSet cannot create one.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create, patch]
{{- end }}

{{- define "realtime-operator.clusterRules" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [get, list, watch]
{{- end }}
