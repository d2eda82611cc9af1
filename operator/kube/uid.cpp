#include "operator/kube/uid.hpp"

#include <optional>

#include <boost/uuid/uuid_io.hpp>

namespace kube {
namespace {

/// The value of a digit as Kubernetes writes them, or nothing.
std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return std::nullopt;
}

/// The UUID of a text (RFC 9562, section 4), or nothing: it is none, or written otherwise, as in capitals.
std::optional<boost::uuids::uuid> uuid_of(std::string_view text) {
  static constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kForm.size()) return std::nullopt;
  boost::uuids::uuid uuid{};
  std::size_t count = 0;  // of digits
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kForm[i] == '-') {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const auto digit = digit_of(text[i]);
    if (!digit) return std::nullopt;
    auto& byte = uuid.data[count++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4U | *digit);
  }
  return uuid;
}

}  // namespace

Uid::Uid(Read /*unused*/, std::string_view text) {
  if (const auto uuid = uuid_of(text)) {
    value_ = *uuid;
  } else {
    value_ = core::SharedText{text};
  }
}

std::string Uid::text() const {
  if (const auto* uuid = std::get_if<boost::uuids::uuid>(&value_)) return boost::uuids::to_string(*uuid);
  return std::get<core::SharedText>(value_);
}

}  // namespace kube
