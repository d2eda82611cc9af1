// Explains the errors that Redis sends, and how to fix them. Pure; safe on any thread.
#pragma once

#include <array>
#include <string_view>

#include "core/result.hpp"

namespace redis {

struct RedisError {
  std::string_view beginning;  ///< of the error as Redis sends it, without the "-"
  core::ErrorKind kind;
  std::string_view message;
};

/// The catalogue of errors that have an explanation. The first match counts.
inline constexpr std::array kRedisErrors{
    RedisError{"WRONGPASS", core::ErrorKind::kUnauthorized,
               "Redis refuses the user or the password (WRONGPASS): correct them in the Redis URL, "
               "redis://USER:PASSWORD@HOST:PORT"},
    RedisError{"ERR invalid password", core::ErrorKind::kUnauthorized,
               "Redis refuses the password: correct it in the Redis URL, redis://:PASSWORD@HOST:PORT"},
    RedisError{"NOAUTH", core::ErrorKind::kUnauthorized,
               "Redis requires a password (NOAUTH): add it to the Redis URL, redis://:PASSWORD@HOST:PORT"},
    RedisError{"ERR AUTH <password> called without any password configured", core::ErrorKind::kUnauthorized,
               "the Redis URL has a password but Redis has none: remove it from the URL, or set requirepass in Redis"},
    RedisError{"ERR Client sent AUTH, but no password is set", core::ErrorKind::kUnauthorized,
               "the Redis URL has a password but Redis has none: remove it from the URL, or set requirepass in Redis"},
    RedisError{"ERR wrong number of arguments for 'auth'", core::ErrorKind::kUnauthorized,
               "this Redis is older than version 6 and has no users: remove the user from the Redis URL, "
               "redis://:PASSWORD@HOST:PORT"},
    RedisError{"NOPERM", core::ErrorKind::kForbidden,
               "the Redis user lacks the permission (NOPERM): grant it with ACL SETUSER USER +subscribe +publish +ping "
               "&CHANNEL"},
    RedisError{"LOADING", core::ErrorKind::kUnavailable,
               "Redis is loading its data (LOADING): wait; check Redis if this continues"},
    RedisError{"MASTERDOWN", core::ErrorKind::kUnavailable,
               "this Redis is a replica that has lost its master (MASTERDOWN): fix the replication, or use the master "
               "in the Redis URL"},
    RedisError{"ERR max number of clients", core::ErrorKind::kTooManyRequests,
               "Redis accepts no more clients: raise maxclients in Redis, or connect fewer clients"},
    RedisError{
        "DENIED", core::ErrorKind::kForbidden,
        "Redis accepts local connections only (protected mode): set a password in Redis and add it to the Redis URL"},
    RedisError{"ERR DB index", core::ErrorKind::kInvalidInput,
               "Redis has no database with that number: correct the number at the end of the Redis URL, or raise "
               "databases in Redis"},
    RedisError{"ERR invalid DB index", core::ErrorKind::kInvalidInput,
               "Redis has no database with that number: correct the number at the end of the Redis URL"},
    RedisError{"ERR SELECT is not allowed in cluster mode", core::ErrorKind::kInvalidInput,
               "a Redis Cluster has database 0 only: remove the number from the Redis URL"},
};

/// Explains an error that Redis sent: with the catalogue's message, or else Redis' own without anything that was sent
/// to it.
core::Error explain(std::string_view error);

}  // namespace redis
