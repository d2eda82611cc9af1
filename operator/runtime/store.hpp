// What is kept of the objects that a reflector sees: for each key a small value instead of the whole object. Writers
// may `assume` the outcome of their own write, so that a reconcile that follows at once does not act on what was there
// before, however late the news of it comes (but for a list, which counts as it is): resourceVersions of one kind are
// compared as numbers (Kubernetes API Concepts, "Resource versions"; KEP-5504). Owned by the manager; locks, so safe on
// any thread. Listeners are called on the writer's thread, of one change after the other; they may look into the store
// but not change it.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "operator/kube/object.hpp"

namespace runtime {

template <class T>
class Store {
 public:
  static_assert(std::is_nothrow_move_constructible_v<T>, "a long list would copy its values whenever it grows");

  using Key = kube::ObjectKey;
  using Value = std::shared_ptr<const T>;
  /// Before and after a change; null where there is no value.
  struct Change {
    Key key;
    Value before;
    Value after;
  };
  /// Told of changes that came together, once all of them are made. Not told when a value stayed equal.
  using BatchListener = std::function<void(std::span<const Change>)>;
  /// Told of each change by itself.
  using Listener = std::function<void(const Key&, const T* before, const T* after)>;

  /// How long a removed entry is remembered, and our own deletion shields the entry from older news, should the news of
  /// the deletion never come.
  static constexpr std::chrono::seconds kRemember{10};

  Store() = default;
  explicit Store(std::chrono::milliseconds remember) : remember_{remember} {}

  /// What a value is found by besides its key; nothing for one that is not.
  using IndexedBy = std::function<std::optional<Key>(const Key&, const T&)>;

  /// Only before the first change, and one listener.
  void listen_to_batches(BatchListener listener) { listener_ = std::move(listener); }
  /// The same, for a listener that takes one change at a time.
  void listen(Listener listener) {
    listener_ = [listener = std::move(listener)](std::span<const Change> changes) {
      for (const auto& [key, before, after] : changes) listener(key, before.get(), after.get());
    };
  }
  /// Only before the first change.
  void index_by(IndexedBy indexed_by) { indexed_by_ = std::move(indexed_by); }

  /// The value as it is now, which does not change any more; null if there is none.
  Value find(const Key& key) const {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second.value;
  }

  /// A copy of it.
  std::optional<T> get(const Key& key) const {
    const auto value = find(key);
    return value ? std::optional{*value} : std::nullopt;
  }

  /// Calls `look` with every value, under the lock: it must not call back into the store.
  template <class Look>
  void visit(Look look) const {
    const std::lock_guard lock{mutex_};
    for (const auto& [key, entry] : entries_)
      if (entry.value) look(key, *entry.value);
  }

  /// Every value that is indexed by this key, whatever else there is.
  std::map<Key, Value> indexed(const Key& by) const {
    std::map<Key, Value> found;
    const std::lock_guard lock{mutex_};
    const auto keys = index_.find(by);
    if (keys == index_.end()) return found;
    for (const auto* key : keys->second) found.emplace(*key, entries_.at(*key).value);
    return found;
  }

  /// News from a watch. Ignored if it is older than what is known.
  void put(const Key& of, const std::string& version, T value) {
    change(of, [&](const Key& key, Entry& entry) {
      const auto number = number_of(version);
      const bool is_older = number != kNoNumber && number < entry.newest();
      if (is_older || (entry.is_removal_assumed && Clock::now() < entry.until)) return false;
      entry.is(number);
      set(key, entry, std::make_shared<const T>(std::move(value)));
      return true;
    });
  }

  /// News of a deletion from a watch. What was seen of the object is remembered for a while, as a write that came
  /// before the deletion may still be about to tell its outcome.
  void remove(const Key& of) {
    change(of, [&](const Key& key, Entry& entry) {
      note_removal(key, entry);
      return true;
    });
  }

  /// The outcome of our own write. Ignored if the watch has brought it already.
  void assume(const Key& of, const std::string& version, T value) {
    change(of, [&](const Key& key, Entry& entry) {
      const auto number = number_of(version);
      if (number != kNoNumber && number <= entry.newest()) return false;
      entry.is(number);
      entry.is_assumed = true;
      set(key, entry, std::make_shared<const T>(std::move(value)));
      return true;
    });
  }

  /// The outcome of our own deletion: until the watch tells of it, what it brings is older.
  void assume_removed(const Key& of) {
    change(of, [&](const Key& key, Entry& entry) {
      if (!entry.value) return false;
      note_removal(key, entry);
      entry.is_removal_assumed = true;
      return true;
    });
  }

  /// Whether what a watch brings is the outcome that was assumed, which need not be put again.
  bool confirm(const Key& key, const std::string& version) {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(key);
    const auto number = number_of(version);
    if (found == entries_.end() || !found->second.is_assumed || number == kNoNumber || found->second.version != number)
      return false;
    found->second.is_assumed = false;
    return true;
  }

  struct Listed {
    Key key;
    std::string version;
    T value;
  };

  /// A complete list of `name_space` (empty: of all): what it lacks is deleted. All at once; the listener is told of
  /// each change afterwards.
  void replace(const std::string& name_space, std::vector<Listed> items) {
    std::unordered_set<Key> listed;
    std::vector<Change> changes;
    const std::lock_guard in_order{telling_};
    {
      const std::lock_guard lock{mutex_};
      if (!entries_.empty())
        for (const auto& item : items) listed.insert(item.key);
      entries_.reserve(std::max(entries_.size(), items.size()));
      for (auto& [key, entry] : entries_) {
        if ((!name_space.empty() && key.name_space != name_space) || listed.contains(key)) continue;
        entry.is_removal_assumed = false;  // what comes from now on is newer
        if (!entry.value) continue;
        changes.push_back({key, entry.value, nullptr});
        note_removal(key, entry);
      }
      for (auto& item : items) {
        auto& [key, entry] = *entries_.try_emplace(item.key).first;
        entry.is(number_of(item.version));
        if (entry.value && *entry.value == item.value) continue;
        auto value = std::make_shared<const T>(std::move(item.value));
        changes.push_back({key, entry.value, value});
        set(key, entry, std::move(value));
      }
      forget_removed();
    }
    if (!changes.empty()) tell(changes);
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Version = std::uint64_t;
  static constexpr Version kNoNumber = 0;  // which is neither older nor newer than others

  struct Entry {
    Value value;
    Version version = kNoNumber;  // of the value, or of the last one of what was removed
    Clock::time_point until{};    // what was removed is remembered
    bool is_assumed = false;      // the value is the outcome of our own write, of which no watch has told yet
    bool is_removal_assumed = false;

    /// The newest version that is known; what was removed long ago counts no more.
    Version newest() const { return value || Clock::now() < until ? version : kNoNumber; }
    /// Of a value that is set.
    void is(Version number) {
      version = number;
      is_assumed = is_removal_assumed = false;
    }
  };

  /// Of a resourceVersion.
  static Version number_of(const std::string& version) {
    Version number = kNoNumber;
    const auto* end = version.data() + version.size();
    const auto parsed = std::from_chars(version.data(), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end ? number : kNoNumber;
  }

  /// Sets the entry's value, and the index with it. `key` is the one in the table.
  void set(const Key& key, Entry& entry, Value value) {
    if (indexed_by_) {
      const auto before = entry.value ? indexed_by_(key, *entry.value) : std::nullopt;
      const auto after = value ? indexed_by_(key, *value) : std::nullopt;
      if (before && before != after) {
        const auto found = index_.find(*before);
        std::erase(found->second, &key);
        if (found->second.empty()) index_.erase(found);
      }
      if (after && before != after) index_[*after].push_back(&key);
    }
    entry.value = std::move(value);
  }

  void tell(std::span<const Change> changes) const {
    if (listener_) listener_(changes);
  }

  void note_removal(const Key& key, Entry& entry) {
    set(key, entry, nullptr);
    entry.is_assumed = entry.is_removal_assumed = false;
    entry.until = Clock::now() + remember_;
    removed_.emplace_back(entry.until, key);
  }

  /// Forgets what was removed long ago, and not again since.
  void forget_removed() {
    for (const auto now = Clock::now(); !removed_.empty() && removed_.front().first < now; removed_.pop_front()) {
      const auto found = entries_.find(removed_.front().second);
      if (found != entries_.end() && !found->second.value && found->second.until < now) entries_.erase(found);
    }
  }

  /// `apply` gets the key and the entry in the table.
  template <class Apply>
  void change(const Key& of, Apply apply) {
    Change changed{of, {}, {}};
    const std::lock_guard in_order{telling_};
    {
      const std::lock_guard lock{mutex_};
      auto& [key, entry] = *entries_.try_emplace(of).first;
      changed.before = entry.value;
      const bool applied = apply(key, entry);
      changed.after = entry.value;
      if (!applied && !entry.value && entry.until == Clock::time_point{}) entries_.erase(of);  // made just now
      forget_removed();
      if (!applied) return;
    }
    const bool is_same =
        changed.before == changed.after || (changed.before && changed.after && *changed.before == *changed.after);
    if (!is_same) tell({&changed, 1});
  }

  const std::chrono::milliseconds remember_ = kRemember;
  std::mutex telling_;  // locked before mutex_, and until a change was told
  mutable std::mutex mutex_;
  std::unordered_map<Key, Entry> entries_;
  std::deque<std::pair<Clock::time_point, Key>> removed_;   // when they may be forgotten
  std::unordered_map<Key, std::vector<const Key*>> index_;  // of keys in entries_, whose places do not change
  BatchListener listener_;
  IndexedBy indexed_by_;
};

}  // namespace runtime
