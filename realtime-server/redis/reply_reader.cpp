#include "realtime-server/redis/reply_reader.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

namespace redis {
namespace {

/// hiredis moves the rest of its buffer to the front for each KiB of replies read, so small slices are faster.
constexpr std::size_t kSliceBytes = std::size_t{8} << 10U;
/// A value above these sizes is not reused for the next reply.
constexpr std::size_t kKeptBytes = std::size_t{64} << 10U;
constexpr std::size_t kKeptElements = 16;

Reply::Type type_of(int type) {
  switch (type) {
    case REDIS_REPLY_STATUS:
      return Reply::Type::kStatus;
    case REDIS_REPLY_ERROR:
      return Reply::Type::kError;
    default:
      return Reply::Type::kBulk;
  }
}

/// Where the value that hiredis creates next belongs: an element of the enclosing array, or the root, which the task
/// carries as its private data.
Reply* place(const redisReadTask* task, Reply::Type type) {
  auto* reply = task->parent == nullptr
                    ? static_cast<Reply*>(task->privdata)
                    : &static_cast<Reply*>(task->parent->obj)->elements[static_cast<std::size_t>(task->idx)];
  reply->type = type;
  reply->text.clear();
  if (type != Reply::Type::kArray) reply->elements.clear();
  return reply;
}

void* make_string(const redisReadTask* task, char* text, std::size_t size) noexcept {
  auto* reply = place(task, type_of(task->type));
  reply->text.assign(text, size);
  return reply;
}

void* make_array(const redisReadTask* task, int elements) noexcept {
  auto* reply = place(task, Reply::Type::kArray);
  reply->elements.resize(static_cast<std::size_t>(elements));
  return reply;
}

void* make_integer(const redisReadTask* task, long long value) noexcept {
  auto* reply = place(task, Reply::Type::kInteger);
  reply->integer = value;
  return reply;
}

void* make_nil(const redisReadTask* task) noexcept { return place(task, Reply::Type::kNil); }

/// All values are part of the root, which this reader owns.
void free_nothing(void*) noexcept {}

redisReplyObjectFunctions kMakers{make_string, make_array, make_integer, make_nil, free_nothing};

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

}  // namespace

/// The root is reused for each reply: a message like the previous one needs no allocation.
struct ReplyReader::State {
  Reply root;
  std::unique_ptr<redisReader, FreeReader> reader{redisReaderCreateWithFunctions(&kMakers)};

  void trim() {
    const auto large = [](const Reply& reply) {
      return reply.text.capacity() > kKeptBytes || reply.elements.capacity() > kKeptElements;
    };
    if (large(root) || std::any_of(root.elements.begin(), root.elements.end(), large)) root = Reply{};
  }
};

ReplyReader::ReplyReader(const RespLimits& limits) : guard_{limits}, state_{std::make_unique<State>()} {
  state_->reader->privdata = &state_->root;
}

ReplyReader::~ReplyReader() = default;

core::Result<void> ReplyReader::read(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const auto slice = bytes.substr(0, kSliceBytes);
    bytes.remove_prefix(slice.size());
    const auto passed = guard_.pass(slice, [this](std::string_view allowed) {
      redisReaderFeed(state_->reader.get(), allowed.data(), allowed.size());
    });
    // Complete replies before a fault still count.
    const auto more = drain(sink);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    if (!passed) {
      const auto& info = fault_info(passed.error());
      return core::fail(info.kind, fmt::format("Redis sent {} ({})", info.message, info.name));
    }
  }
  return {};
}

core::Result<bool> ReplyReader::drain(const Sink& sink) {
  for (;;) {
    void* reply = nullptr;
    if (redisReaderGetReply(state_->reader.get(), &reply) != REDIS_OK)
      return core::fail(core::ErrorKind::kMalformed,
                        fmt::format("Redis sent an invalid reply: {}", state_->reader->errstr));
    if (reply == nullptr) return true;
    const bool more = sink(state_->root);
    state_->trim();
    if (!more) return false;
  }
}

}  // namespace redis
