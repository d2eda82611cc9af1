// The catalogue of conditions, reasons and Events, with what they mean to a reader of the status: code and tests
// iterate over these arrays, and docs/conditions.md is made from them. Constants.
#pragma once

#include <array>
#include <string_view>

namespace api {

/// A name in the status or of an Event, and what it means: for the documentation.
struct Term {
  std::string_view name;
  std::string_view meaning;
  bool warns = false;  ///< a reason that a Warning Event reports when a condition gets it

  constexpr operator std::string_view() const { return name; }  // NOLINT(google-explicit-constructor)
  friend constexpr bool operator==(const Term& term, std::string_view text) { return term.name == text; }
};

namespace condition {
inline constexpr Term kReady{
    "Ready",
    "True when all desired replicas run the current spec and are ready, and RedisReady and ExposureReady are True."};
inline constexpr Term kReconciling{"Reconciling",
                                   "True while the operator or the cluster is still applying the current spec."};
inline constexpr Term kStalled{"Stalled", "True when progress requires a change by you; the message says which."};
inline constexpr Term kRedisReady{"RedisReady", "True when Redis is ready, or `redis.type` is None."};
inline constexpr Term kExposureReady{"ExposureReady", "True when clients can reach the app as `exposure` specifies."};

/// In the order in which the status shows them.
inline constexpr std::array kAll{kReady, kReconciling, kStalled, kRedisReady, kExposureReady};
}  // namespace condition

namespace reason {
// Ready
inline constexpr Term kAppReady{"AppReady", "All desired replicas are ready, and clients can reach them."};
inline constexpr Term kScaledToZero{"ScaledToZero", "`replicas` is 0: no client can connect until you increase it."};
inline constexpr Term kReplicasNotReady{"ReplicasNotReady",
                                        "Some replicas are starting or fail their readiness probe."};
inline constexpr Term kRolloutInProgress{"RolloutInProgress", "Replicas of a previous revision are being replaced."};
inline constexpr Term kRedisNotReady{"RedisNotReady", "Redis is not ready; see RedisReady."};
inline constexpr Term kExposureNotReady{"ExposureNotReady",
                                        "The replicas are ready but clients cannot reach them yet; see ExposureReady."};
// Reconciling and Stalled
inline constexpr Term kProgressing{"Progressing", "Work is in progress; see Ready."};
inline constexpr Term kSettled{"Settled", "No work is in progress."};
inline constexpr Term kNothingWrong{"NothingWrong", "No problem needs user action."};
inline constexpr Term kRolloutStalled{
    "RolloutStalled",
    "The Deployment made no progress within its deadline. Replicas of the previous revision continue to serve; fix the "
    "spec or revert it.",
    true};
inline constexpr Term kNameTaken{"NameTaken",
                                 "An object with the name of a managed object exists and belongs to something else. "
                                 "Rename the RealtimeApp, or delete that object.",
                                 true};
inline constexpr Term kChildRefused{
    "ChildRefused", "The API server or an admission policy rejects a managed object; the message says why."};
inline constexpr Term kNotConverging{"NotConverging",
                                     "Another controller or webhook changes fields the operator manages. Configure it "
                                     "to skip objects labelled app.kubernetes.io/managed-by=realtime-operator."};
inline constexpr Term kInvalidSpec{"InvalidSpec", "The spec is invalid; the message names the fields.", true};
// What keeps the operator from working: of Ready, RedisReady and ExposureReady
inline constexpr Term kApplyFailed{"ApplyFailed",
                                   "A managed object could not be written, for a reason that may pass: for example, an "
                                   "admission webhook does not answer. The message has the API server's answer; the "
                                   "operator retries.",
                                   true};
inline constexpr Term kReadFailed{
    "ReadFailed",
    "An object that the app depends on could not be read. The message has the API server's answer; the operator "
    "retries.",
    true};
// What keeps a pod from running: of Ready, Stalled and RedisReady
inline constexpr Term kImagePullFailed{"ImagePullFailed",
                                       "An image cannot be pulled. Check its name and tag, the registry credentials "
                                       "(`imagePullSecrets`), and the connection to the registry.",
                                       true};
inline constexpr Term kReferenceNotFound{
    "ReferenceNotFound",
    "A Secret, a ConfigMap, or a key of one that the spec refers to does not exist in the namespace.", true};
inline constexpr Term kContainerRefused{
    "ContainerRefused",
    "The node cannot start the container: for example, the command does not exist in the image, or the image runs as a "
    "user that is not allowed.",
    true};
inline constexpr Term kContainerCrashing{
    "ContainerCrashing",
    "A container exits repeatedly. The message has the exit code and, if the termination message is a known one, what "
    "it means.",
    true};
inline constexpr Term kOutOfMemory{"OutOfMemory",
                                   "A container exceeded its memory limit. Increase `resources.limits.memory`.", true};
inline constexpr Term kProbeFailed{"ProbeFailed",
                                   "A replica runs but does not answer an Engine.IO handshake. It must listen on "
                                   "0.0.0.0:$PORT and serve `protocol.path`.",
                                   true};
inline constexpr Term kUnschedulable{"Unschedulable",
                                     "No node can run the pod, because of resources, taints or affinity.", true};
inline constexpr Term kVolumePending{
    "VolumePending", "The volume for Redis is not bound: its StorageClass does not exist or cannot provision it.",
    true};
inline constexpr Term kPodsRefused{
    "PodsRefused",
    "Pods cannot be created because of a quota, a LimitRange, a Pod Security level or an admission policy; the message "
    "quotes the API server.",
    true};
// RedisReady
inline constexpr Term kRedisServing{"RedisServing", "Redis is ready."};
inline constexpr Term kRedisStarting{"RedisStarting", "Redis is starting or restarting."};
inline constexpr Term kRedisCredentialsIncomplete{
    "RedisCredentialsIncomplete",
    "A key is missing from the Secret with the Redis password. Delete the "
    "Secret, and the operator recreates it.",
    true};
inline constexpr Term kRedisPasswordMismatch{
    "RedisPasswordMismatch",
    "The keys of the Secret contain different passwords. Correct them, or delete the Secret, and the operator "
    "recreates it.",
    true};
inline constexpr Term kRedisUrlMismatch{
    "RedisUrlMismatch",
    "The URL in the Secret leads to the Redis of another namespace, as after a restore into a new one. Correct it, or "
    "delete the Secret, and the operator recreates it.",
    true};
inline constexpr Term kNoBackplane{"NoBackplane", "`redis.type` is None."};
// ExposureReady
inline constexpr Term kIngressServing{"IngressServing", "The Ingress has an address, or `exposure.host` is set."};
inline constexpr Term kIngressPending{"IngressPending",
                                      "The ingress controller has not assigned an address to the Ingress yet."};
inline constexpr Term kIngressClassNotFound{"IngressClassNotFound", "The cluster has no IngressClass with that name.",
                                            true};
inline constexpr Term kIngressClassUnsupported{
    "IngressClassUnsupported", "The operator does not support session affinity for that ingress controller.", true};
inline constexpr Term kAffinityUnsupported{"AffinityUnsupported",
                                           "The ingress controller does not support that affinity.", true};
inline constexpr Term kHostTaken{
    "HostTaken",
    "Another RealtimeApp has the same class, host and path, or an Ingress that is left of one. Change one of them, or "
    "delete what is left; an existing Ingress stays as it is.",
    true};
inline constexpr Term kPathNotExposed{
    "PathNotExposed",
    "None of `exposure.paths` leads to `protocol.path`, so clients get 404. Add a path that is its prefix.", true};
inline constexpr Term kTlsSecretNotFound{"TLSSecretNotFound",
                                         "The Secret `exposure.tls.secretName` does not exist in the namespace.", true};
inline constexpr Term kTlsSecretInvalid{
    "TLSSecretInvalid",
    "The Secret of `exposure.tls` is not of type kubernetes.io/tls, or has no certificate with its key.", true};
inline constexpr Term kCertificateInvalid{
    "CertificateInvalid", "The certificate of `exposure.tls` is not for the host, or is not valid now.", true};
inline constexpr Term kCertificateExpiring{
    "CertificateExpiring",
    "The certificate of `exposure.tls` expires soon: within 14 days, or a quarter of its lifetime if that is less.",
    true};
inline constexpr Term kNotExposed{"NotExposed", "`exposure.type` is None."};

inline constexpr std::array kAll{kAppReady,
                                 kScaledToZero,
                                 kReplicasNotReady,
                                 kRolloutInProgress,
                                 kRedisNotReady,
                                 kExposureNotReady,
                                 kProgressing,
                                 kSettled,
                                 kNothingWrong,
                                 kRolloutStalled,
                                 kNameTaken,
                                 kChildRefused,
                                 kNotConverging,
                                 kInvalidSpec,
                                 kApplyFailed,
                                 kReadFailed,
                                 kImagePullFailed,
                                 kReferenceNotFound,
                                 kContainerRefused,
                                 kContainerCrashing,
                                 kOutOfMemory,
                                 kProbeFailed,
                                 kUnschedulable,
                                 kVolumePending,
                                 kPodsRefused,
                                 kRedisServing,
                                 kRedisStarting,
                                 kRedisCredentialsIncomplete,
                                 kRedisPasswordMismatch,
                                 kRedisUrlMismatch,
                                 kNoBackplane,
                                 kIngressServing,
                                 kIngressPending,
                                 kIngressClassNotFound,
                                 kIngressClassUnsupported,
                                 kAffinityUnsupported,
                                 kHostTaken,
                                 kPathNotExposed,
                                 kTlsSecretNotFound,
                                 kTlsSecretInvalid,
                                 kCertificateInvalid,
                                 kCertificateExpiring,
                                 kNotExposed};

/// The reason of that name, or null.
constexpr const Term* find(std::string_view name) {
  for (const auto& term : kAll)
    if (term.name == name) return &term;
  return nullptr;
}
}  // namespace reason

/// Reasons of Events on a RealtimeApp, in addition to those of conditions.
namespace event_reason {
inline constexpr Term kCreated{"Created", "The operator created a managed object."};
inline constexpr Term kUpdated{"Updated", "The operator updated a managed object to match the spec."};
inline constexpr Term kDeleted{"Deleted", "The operator deleted a managed object that is no longer needed."};
inline constexpr Term kNotConverging{"NotConverging", "See the reason `NotConverging`."};
inline constexpr Term kRefused{"Refused", "The API server rejects a managed object."};
inline constexpr Term kReady{"Ready", "The app is Ready again, after an Event that said what was wrong."};
inline constexpr Term kNotReady{"NotReady",
                                "The app is no longer Ready, though its spec has not changed; the note says why."};

inline constexpr std::array kAll{kCreated, kUpdated, kDeleted, kNotConverging, kRefused, kReady, kNotReady};
}  // namespace event_reason

}  // namespace api
