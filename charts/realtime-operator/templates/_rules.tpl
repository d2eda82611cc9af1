{{/*
What the operator may do in each namespace that it watches: a ClusterRole holds these rules when it watches all, a Role
in each namespace when it watches some.
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
# What keeps pods from running.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [services, serviceaccounts, configmaps]
  verbs: [get, list, watch, create, patch, delete]
# No list, no watch: the operator reads only Secrets whose names it knows, and deletes none (their owner's end does).
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Listed when Redis has no pod: only Events say why its StatefulSet may make none.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create, patch]
{{- end }}

{{- define "realtime-operator.clusterRules" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [get, list, watch]
{{- end }}
