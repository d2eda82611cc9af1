// What Redis' errors mean to whoever runs it, and what to change. Pure; safe on any thread.
#pragma once

#include <array>
#include <string_view>

#include "core/result.hpp"

namespace redis {

struct RedisError {
  std::string_view beginning;  ///< of the error as Redis sends it, without the "-"
  core::ErrorKind kind;
  std::string_view words;
};

/// The catalogue of errors that have an explanation. The first that fits counts.
inline constexpr std::array kRedisErrors{
    RedisError{"WRONGPASS", core::ErrorKind::kUnauthorized,
               "Redis refuses the user or the password (WRONGPASS): correct them in the Redis URL, "
               "redis://USER:PASSWORD@HOST:PORT"},
    RedisError{"ERR invalid password", core::ErrorKind::kUnauthorized,
               "Redis refuses the password: correct it in the Redis URL, redis://:PASSWORD@HOST:PORT"},
    RedisError{"NOAUTH", core::ErrorKind::kUnauthorized,
               "Redis wants a password (NOAUTH): write it into the Redis URL, redis://:PASSWORD@HOST:PORT"},
    RedisError{"ERR AUTH <password> called without any password configured", core::ErrorKind::kUnauthorized,
               "the Redis URL has a password but Redis has none: take it out of the URL, or set requirepass in Redis"},
    RedisError{"ERR Client sent AUTH, but no password is set", core::ErrorKind::kUnauthorized,
               "the Redis URL has a password but Redis has none: take it out of the URL, or set requirepass in Redis"},
    RedisError{"ERR wrong number of arguments for 'auth'", core::ErrorKind::kUnauthorized,
               "this Redis is older than 6 and knows no users: take the user out of the Redis URL, "
               "redis://:PASSWORD@HOST:PORT"},
    RedisError{"NOPERM", core::ErrorKind::kForbidden,
               "the Redis user may not do this (NOPERM): allow it with ACL SETUSER USER +subscribe +publish +ping "
               "&CHANNEL"},
    RedisError{"LOADING", core::ErrorKind::kUnavailable,
               "Redis is loading its data (LOADING) and serves nobody yet: nothing is to be changed unless this lasts"},
    RedisError{
        "MASTERDOWN", core::ErrorKind::kUnavailable,
        "this Redis is a replica that has lost its master (MASTERDOWN): mend the replication, or name the master "
        "in the Redis URL"},
    RedisError{"ERR max number of clients", core::ErrorKind::kTooManyRequests,
               "Redis has no room for another client: raise maxclients in Redis, or connect fewer"},
    RedisError{
        "DENIED", core::ErrorKind::kForbidden,
        "Redis lets only its own machine in (protected mode): give it a password and write it into the Redis URL"},
    RedisError{"ERR DB index", core::ErrorKind::kInvalidInput,
               "Redis has no database of that number: correct the number at the end of the Redis URL, or raise "
               "databases in Redis"},
    RedisError{"ERR invalid DB index", core::ErrorKind::kInvalidInput,
               "Redis has no database of that number: correct the number at the end of the Redis URL"},
    RedisError{"ERR SELECT is not allowed in cluster mode", core::ErrorKind::kInvalidInput,
               "a Redis Cluster has database 0 only: take the number out of the Redis URL"},
};

/// An error that Redis sent, in words: those of the catalogue, or Redis' own without anything that we had sent.
core::Error explain(std::string_view error);

}  // namespace redis
