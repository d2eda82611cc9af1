// The catalogue of conditions and reasons: code, tests and docs iterate over these arrays. Constants.
#pragma once

#include <array>
#include <string_view>

namespace api {

namespace condition {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kReconciling = "Reconciling";
inline constexpr std::string_view kStalled = "Stalled";
inline constexpr std::string_view kRedisReady = "RedisReady";
inline constexpr std::string_view kExposureReady = "ExposureReady";

/// In the order in which the status shows them.
inline constexpr std::array kAll{kReady, kReconciling, kStalled, kRedisReady, kExposureReady};
}  // namespace condition

namespace reason {
// Ready
inline constexpr std::string_view kFleetReady = "FleetReady";
inline constexpr std::string_view kScaledToZero = "ScaledToZero";
inline constexpr std::string_view kReplicasNotReady = "ReplicasNotReady";
inline constexpr std::string_view kRolloutInProgress = "RolloutInProgress";
inline constexpr std::string_view kRedisNotReady = "RedisNotReady";
inline constexpr std::string_view kExposureNotReady = "ExposureNotReady";
// Reconciling and Stalled
inline constexpr std::string_view kProgressing = "Progressing";
inline constexpr std::string_view kSettled = "Settled";
inline constexpr std::string_view kNothingWrong = "NothingWrong";
inline constexpr std::string_view kRolloutStalled = "RolloutStalled";
inline constexpr std::string_view kNameTaken = "NameTaken";
inline constexpr std::string_view kChildRefused = "ChildRefused";
inline constexpr std::string_view kNotConverging = "NotConverging";
inline constexpr std::string_view kInvalidSpec = "InvalidSpec";
// RedisReady
inline constexpr std::string_view kRedisServing = "RedisServing";
inline constexpr std::string_view kRedisStarting = "RedisStarting";
inline constexpr std::string_view kRedisCredentialsIncomplete = "RedisCredentialsIncomplete";
inline constexpr std::string_view kNoBackplane = "NoBackplane";
// ExposureReady
inline constexpr std::string_view kIngressServing = "IngressServing";
inline constexpr std::string_view kIngressPending = "IngressPending";
inline constexpr std::string_view kIngressClassNotFound = "IngressClassNotFound";
inline constexpr std::string_view kIngressClassUnsupported = "IngressClassUnsupported";
inline constexpr std::string_view kAffinityUnsupported = "AffinityUnsupported";
inline constexpr std::string_view kNotExposed = "NotExposed";

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
                                 kRedisServing,
                                 kRedisStarting,
                                 kRedisCredentialsIncomplete,
                                 kNoBackplane,
                                 kIngressServing,
                                 kIngressPending,
                                 kIngressClassNotFound,
                                 kIngressClassUnsupported,
                                 kAffinityUnsupported,
                                 kNotExposed};
}  // namespace reason

/// Reasons of Events on a RealtimeApp.
namespace event_reason {
inline constexpr std::string_view kCreated = "Created";
inline constexpr std::string_view kUpdated = "Updated";
inline constexpr std::string_view kDeleted = "Deleted";
inline constexpr std::string_view kNotConverging = "NotConverging";
inline constexpr std::string_view kRefused = "Refused";
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kNotReady = "NotReady";

inline constexpr std::array kAll{kCreated, kUpdated, kDeleted, kNotConverging, kRefused, kReady, kNotReady};
}  // namespace event_reason

}  // namespace api
