// Values that many objects have in common, such as a reason or an image: equal ones are kept once, as long as any
// is used, and each takes the place of a pointer. Safe on any thread.
#pragma once

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <boost/flyweight.hpp>

namespace core {

/// A T that does not change. T has hash_value() or boost::hash, and ==.
template <class T>
class Shared {
 public:
  Shared() noexcept : value_{nothing()} {}
  Shared(T value)  // NOLINT(google-explicit-constructor)
      : value_{value == nothing().get() ? nothing() : boost::flyweight<T>{std::move(value)}} {}
  // Copies only count, which boost::flyweight does not say; a vector moves its elements only if it is said.
  Shared(const Shared&) noexcept = default;
  Shared& operator=(const Shared&) noexcept = default;
  ~Shared() = default;

  const T& get() const { return value_.get(); }
  const T* operator->() const { return &get(); }

  friend bool operator==(const Shared& one, const Shared& other) { return one.value_ == other.value_; }

 private:
  /// Copied, as looking a value up takes a lock.
  static const boost::flyweight<T>& nothing() {
    static const boost::flyweight<T> kNothing;
    return kNothing;
  }

  boost::flyweight<T> value_;
};

/// It compares with any text, and goes wherever a text does.
class SharedText : public Shared<std::string> {
 public:
  SharedText() noexcept = default;
  template <std::convertible_to<std::string_view> Text>
  SharedText(const Text& text)  // NOLINT(google-explicit-constructor)
      : Shared{std::string{std::string_view{text}}} {}

  const std::string& text() const { return get(); }
  bool empty() const { return text().empty(); }
  operator const std::string&() const { return text(); }  // NOLINT(google-explicit-constructor)
  operator std::string_view() const { return text(); }    // NOLINT(google-explicit-constructor)

  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const SharedText& one, const Text& other) {
    return one.text() == std::string_view{other};
  }
  friend bool operator==(const SharedText&, const SharedText&) = default;
  friend std::ostream& operator<<(std::ostream& out, const SharedText& text) { return out << text.text(); }
};

}  // namespace core
