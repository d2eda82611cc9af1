#include "operator/runtime/reflector_threads.hpp"

#include <boost/asio/thread_pool.hpp>

namespace runtime {

/// One takes a long list while the others continue.
constexpr std::size_t kThreads = 4;

ReflectorThreads::ReflectorThreads() : pool_{std::make_unique<boost::asio::thread_pool>(kThreads)} {}

ReflectorThreads::~ReflectorThreads() { pool_->join(); }

}  // namespace runtime
