// Outlets that record what is sent, for tests of senders.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "realtime-server/engineio/frame.hpp"
#include "realtime-server/engineio/outlet.hpp"

namespace support {

/// The flush list and the limits of a test's outlets.
struct Turn {
  engineio::SendQueueLimits limits;
  int scheduled = 0;
  engineio::FlushList list{[this] { ++scheduled; }};
};

/// Where a client's frames end.
class KeptOutlet final : public engineio::Outlet {
 public:
  explicit KeptOutlet(Turn& turn, bool base64 = false) : Outlet{turn.limits, turn.list, base64} {}
  void flush() override { ++flushes; }
  void cut_off(engineio::ToSend) override { send_queue().clear(); }

  /// The payloads of what was sent since the last call; binary ones begin with "<binary>".
  std::vector<std::string> taken() {
    std::vector<std::string> payloads;
    std::vector<iovec> vectors(send_queue().segments());
    std::string bytes;
    for (std::size_t i = 0, count = send_queue().gather(vectors); i < count; ++i)
      bytes.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
    send_queue().clear();
    for (std::string_view rest = bytes; !rest.empty();) {
      const auto frame = engineio::decode_own_frame(rest);
      payloads.emplace_back(frame.opcode == engineio::Opcode::kBinary ? "<binary>" : "").append(frame.payload);
      rest.remove_prefix(frame.size);
    }
    return payloads;
  }

  int flushes = 0;
  std::size_t accepts = 0;  ///< bytes that it takes at once of what others get too
  std::string at_once;

 private:
  std::size_t send_now(std::span<const iovec> parts) override {
    const auto before = accepts;
    for (const auto& part : parts) {
      const auto taken = std::min(accepts, part.iov_len);
      at_once.append(static_cast<const char*>(part.iov_base), taken);
      accepts -= taken;
    }
    return before - accepts;
  }
};

}  // namespace support
