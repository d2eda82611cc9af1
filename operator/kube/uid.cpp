#include "operator/kube/uid.hpp"

#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace kube {
namespace {

constexpr std::size_t kUuidSize = 36;  // of its text

}  // namespace

Uid::Uid(Read /*unused*/, std::string_view text) {
  if (text.size() == kUuidSize) {
    try {
      const auto uuid = boost::uuids::string_generator{}(text.begin(), text.end());
      if (boost::uuids::to_string(uuid) == text) {  // and not another way to write it, such as in capitals
        value_ = uuid;
        return;
      }
    } catch (const std::runtime_error&) {  // it is none
    }
  }
  value_ = core::SharedText{text};
}

std::string Uid::text() const {
  if (const auto* uuid = std::get_if<boost::uuids::uuid>(&value_)) return boost::uuids::to_string(*uuid);
  return std::get<core::SharedText>(value_);
}

}  // namespace kube
