// The uid of an object, which tells it from every other that ever had its name. A value type; pure.
#pragma once

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>

#include <boost/uuid/uuid.hpp>

#include "core/shared.hpp"

namespace kube {

/// An API server makes UUIDs, and one takes 16 bytes here in place of a text of 36 characters. A uid is opaque all the
/// same: any other text is kept as it is.
class Uid {
 public:
  Uid() noexcept = default;
  template <std::convertible_to<std::string_view> Text>
  Uid(const Text& text) : Uid{Read{}, text} {}  // NOLINT(google-explicit-constructor)

  /// As the API server wrote it.
  std::string text() const;
  bool empty() const { return *this == Uid{}; }

  friend bool operator==(const Uid&, const Uid&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Uid& uid) { return out << uid.text(); }

 private:
  struct Read {};
  Uid(Read, std::string_view text);

  std::variant<core::SharedText, boost::uuids::uuid> value_;
};

}  // namespace kube
