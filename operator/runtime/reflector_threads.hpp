// The few threads that all reflectors share, however many kinds and namespaces are watched: a reflector needs one only
// while it takes what came. Owned by main; outlives every reflector.
#pragma once

#include <memory>

namespace boost::asio {
class thread_pool;
}

namespace runtime {

class ReflectorThreads {
 public:
  ReflectorThreads();
  ~ReflectorThreads();
  ReflectorThreads(const ReflectorThreads&) = delete;
  ReflectorThreads& operator=(const ReflectorThreads&) = delete;

  boost::asio::thread_pool& pool() { return *pool_; }

 private:
  std::unique_ptr<boost::asio::thread_pool> pool_;
};

}  // namespace runtime
