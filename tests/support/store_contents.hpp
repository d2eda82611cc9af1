// All that a store has.
#pragma once

#include <map>

#include "operator/runtime/store.hpp"

namespace support {

template <class T>
std::map<kube::ObjectKey, T> contents(const runtime::Store<T>& store) {
  std::map<kube::ObjectKey, T> found;
  store.visit([&](const kube::ObjectKey& key, const T& value) { found.emplace(key, value); });
  return found;
}

}  // namespace support
