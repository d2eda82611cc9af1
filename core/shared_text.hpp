// A text that many values have in common, such as a reason or an image: equal texts are kept once, as long as somebody
// has them. A value as small as a pointer; safe on any thread.
#pragma once

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>

#include <boost/flyweight.hpp>

namespace core {

class SharedText {
 public:
  SharedText() = default;
  template <std::convertible_to<std::string_view> Text>
  SharedText(const Text& text) : text_{std::string{std::string_view{text}}} {}  // NOLINT(google-explicit-constructor)

  const std::string& text() const { return text_.get(); }
  bool empty() const { return text().empty(); }
  operator const std::string&() const { return text(); }  // NOLINT(google-explicit-constructor)
  operator std::string_view() const { return text(); }    // NOLINT(google-explicit-constructor)

  friend bool operator==(const SharedText& one, const SharedText& other) { return one.text_ == other.text_; }
  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const SharedText& one, const Text& other) {
    return one.text() == std::string_view{other};
  }
  friend std::ostream& operator<<(std::ostream& out, const SharedText& text) { return out << text.text(); }

 private:
  boost::flyweight<std::string> text_;
};

}  // namespace core
