// The catalogue of conditions, reasons and Events, with what they mean to a reader of the status: code and tests
// iterate over these arrays, and docs/conditions.md is made from them. Constants.
#pragma once

#include <array>
#include <string_view>

namespace api {

/// A word of the status or of an Event, and what it means: for the documentation.
struct Term {
  std::string_view name;
  std::string_view meaning;
  bool warns = false;  ///< a reason that a Warning Event tells when a condition gets it

  constexpr operator std::string_view() const { return name; }  // NOLINT(google-explicit-constructor)
  friend constexpr bool operator==(const Term& term, std::string_view text) { return term.name == text; }
};

namespace condition {
inline constexpr Term kReady{
    "Ready",
    "True when the wanted replicas run the current manifest and are ready, and RedisReady and ExposureReady hold."};
inline constexpr Term kReconciling{"Reconciling", "True while the operator or the cluster works towards the manifest."};
inline constexpr Term kStalled{"Stalled",
                               "True when nothing goes on until somebody changes something; the message says what."};
inline constexpr Term kRedisReady{"RedisReady", "True when the backplane serves, or when none is wanted."};
inline constexpr Term kExposureReady{"ExposureReady", "True when the fleet can be reached as the manifest says."};

/// In the order in which the status shows them.
inline constexpr std::array kAll{kReady, kReconciling, kStalled, kRedisReady, kExposureReady};
}  // namespace condition

namespace reason {
// Ready
inline constexpr Term kFleetReady{"FleetReady", "All is well."};
inline constexpr Term kScaledToZero{"ScaledToZero", "`replicas` is 0: no client can connect until it is raised."};
inline constexpr Term kReplicasNotReady{"ReplicasNotReady",
                                        "Some replicas start, or do not answer their readiness probe."};
inline constexpr Term kRolloutInProgress{"RolloutInProgress", "Replicas of an earlier manifest are being replaced."};
inline constexpr Term kRedisNotReady{"RedisNotReady", "Redis does not serve yet; RedisReady says why."};
inline constexpr Term kExposureNotReady{"ExposureNotReady",
                                        "The fleet runs and cannot be reached yet; ExposureReady says why."};
// Reconciling and Stalled
inline constexpr Term kProgressing{"Progressing", "What Ready says is being worked on."};
inline constexpr Term kSettled{"Settled", "Nothing is being worked on."};
inline constexpr Term kNothingWrong{"NothingWrong", "Nothing keeps the fleet from becoming ready."};
inline constexpr Term kRolloutStalled{
    "RolloutStalled",
    "The Deployment made no progress within its deadline. The replicas of the earlier "
    "manifest go on serving; mend the manifest or put it back.",
    true};
inline constexpr Term kNameTaken{"NameTaken",
                                 "An object that a fleet needs has the name already and is not this app's. Rename the "
                                 "RealtimeApp, or remove that object.",
                                 true};
inline constexpr Term kChildRefused{
    "ChildRefused",
    "The API server or an admission policy refuses an object of the fleet; the message has "
    "its words."};
inline constexpr Term kNotConverging{"NotConverging",
                                     "Somebody else sets the fields that the operator sets. Exempt objects labelled "
                                     "app.kubernetes.io/managed-by=realtime-operator."};
inline constexpr Term kInvalidSpec{"InvalidSpec", "The manifest cannot be read; the message names the fields.", true};
// What keeps the operator from working: of Ready, RedisReady and ExposureReady
inline constexpr Term kApplyFailed{"ApplyFailed",
                                   "An object of the app could not be written, for a reason that may pass: an "
                                   "admission webhook or the API server does "
                                   "not answer as it should; the message has its answer. The operator tries again.",
                                   true};
inline constexpr Term kReadFailed{
    "ReadFailed",
    "An object that the app depends on could not be read; the message has the API server's answer. The operator tries "
    "again.",
    true};
// What keeps a pod from running: of Ready, Stalled and RedisReady
inline constexpr Term kImagePullFailed{"ImagePullFailed",
                                       "An image cannot be pulled: its name or tag, the registry's credentials "
                                       "(`imagePullSecrets`), or the way to the registry.",
                                       true};
inline constexpr Term kReferenceNotFound{
    "ReferenceNotFound",
    "A Secret or ConfigMap, or a key of one, that the manifest names does not exist in "
    "the namespace.",
    true};
inline constexpr Term kContainerRefused{
    "ContainerRefused",
    "The node cannot start the container: a command that the image does not have, or a "
    "user that it may not run as.",
    true};
inline constexpr Term kContainerCrashing{
    "ContainerCrashing",
    "A container ends again and again. The message has the exit code and, if its last "
    "words are known, what they mean.",
    true};
inline constexpr Term kOutOfMemory{
    "OutOfMemory", "A container was killed at its memory limit. Raise `resources.limits.memory`.", true};
inline constexpr Term kProbeFailed{"ProbeFailed",
                                   "A replica runs and does not answer an Engine.IO handshake: it has to listen on "
                                   "0.0.0.0:$PORT and serve `protocol.path`.",
                                   true};
inline constexpr Term kUnschedulable{"Unschedulable", "No node takes the pod: resources, taints or affinity.", true};
inline constexpr Term kVolumePending{
    "VolumePending", "The volume of Redis is not bound: its StorageClass does not exist or cannot provision.", true};
inline constexpr Term kPodsRefused{
    "PodsRefused",
    "No pod may be made: a quota, a LimitRange, a Pod Security level or an admission policy; "
    "the message has the API server's words.",
    true};
// RedisReady
inline constexpr Term kRedisServing{"RedisServing", "Redis serves."};
inline constexpr Term kRedisStarting{"RedisStarting", "Redis starts, or was lost and comes back."};
inline constexpr Term kRedisCredentialsIncomplete{"RedisCredentialsIncomplete",
                                                  "Somebody took a key out of the Secret with the password. Delete the "
                                                  "Secret, and it is made anew.",
                                                  true};
inline constexpr Term kRedisPasswordMismatch{
    "RedisPasswordMismatch",
    "The keys of the Secret do not have the same password. Correct them, or delete "
    "the Secret, and it is made anew.",
    true};
inline constexpr Term kNoBackplane{"NoBackplane", "`redis.type` is None."};
// ExposureReady
inline constexpr Term kIngressServing{"IngressServing", "The Ingress has an address, or the manifest a host."};
inline constexpr Term kIngressPending{"IngressPending",
                                      "The ingress controller has not given the Ingress an address yet."};
inline constexpr Term kIngressClassNotFound{"IngressClassNotFound", "The cluster has no IngressClass of that name.",
                                            true};
inline constexpr Term kIngressClassUnsupported{
    "IngressClassUnsupported",
    "The operator does not know how to keep a client on its replica with that "
    "ingress controller.",
    true};
inline constexpr Term kAffinityUnsupported{"AffinityUnsupported", "The ingress controller cannot do that affinity.",
                                           true};
inline constexpr Term kHostTaken{"HostTaken",
                                 "Another RealtimeApp has the same class, host and path. Change one of them; what was "
                                 "exposed before stays as it is.",
                                 true};
inline constexpr Term kPathNotExposed{
    "PathNotExposed",
    "None of `exposure.paths` leads to `protocol.path`, so that clients get 404. Add a path that is its prefix.", true};
inline constexpr Term kTlsSecretNotFound{
    "TLSSecretNotFound", "The Secret that `exposure.tls.secretName` names does not exist in the namespace.", true};
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

inline constexpr std::array kAll{kFleetReady,
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

/// Reasons of Events on a RealtimeApp, beside those of conditions.
namespace event_reason {
inline constexpr Term kCreated{"Created", "An object of the fleet was made."};
inline constexpr Term kUpdated{"Updated", "An object of the fleet was brought in line with the manifest."};
inline constexpr Term kDeleted{"Deleted", "An object that is no longer wanted was deleted."};
inline constexpr Term kNotConverging{"NotConverging", "As the reason of that name."};
inline constexpr Term kRefused{"Refused", "The API server refuses an object of the fleet."};
inline constexpr Term kReady{"Ready", "The fleet became Ready."};
inline constexpr Term kNotReady{"NotReady", "The fleet is Ready no more; the note says why."};

inline constexpr std::array kAll{kCreated, kUpdated, kDeleted, kNotConverging, kRefused, kReady, kNotReady};
}  // namespace event_reason

}  // namespace api
