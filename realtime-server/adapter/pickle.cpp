#include "realtime-server/adapter/pickle.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/digest.hpp"
#include "realtime-server/socketio/json_string.hpp"

namespace adapter {
namespace {

constexpr char kProto = '\x80';
/// Values in one message; each takes up to a hundred bytes here.
constexpr std::size_t kMaxValues = 100'000;
constexpr int kMaxDepth = 100;
constexpr std::uint8_t kLastProtocol = 5;

/// A value of plain data. Parts of others are indices, so that a pickle may refer to a value twice, or to itself.
struct Value {
  enum class Kind : std::uint8_t { kScalar, kString, kBytes, kList, kTuple, kDict };
  Kind kind = Kind::kScalar;
  std::string json{};                  ///< of kScalar
  std::string_view text{};             ///< of kString and kBytes
  std::vector<std::uint32_t> parts{};  ///< of lists and tuples, and keys and values of dicts in turn
};
using Kind = Value::Kind;
using Index = std::uint32_t;

/// Runs the opcodes of a pickle.
class Unpickler {
 public:
  explicit Unpickler(std::string_view pickle) : rest_{pickle} {}

  /// The value that the pickle describes; nothing if it is invalid or not plain.
  std::optional<Index> run();
  const Value& value(Index index) const { return values_[index]; }

 private:
  /// Little endian; fails if fewer bytes are left.
  std::uint64_t number(std::size_t bytes);
  std::string_view text(std::uint64_t bytes);
  bool step(char opcode);
  bool step_scalar(char opcode);
  bool step_text(char opcode);
  bool step_container(char opcode);
  bool step_memo(char opcode);
  bool push(Value value);
  bool push_scalar(std::string json) { return push({Kind::kScalar, std::move(json)}); }
  bool push_long(std::uint64_t bytes);
  bool push_known(std::uint64_t name);
  bool memoize(std::uint64_t name);
  bool make_tuple(std::size_t size);
  /// The values since the last mark, which is removed; false if there is none.
  bool take_marked(std::vector<Index>& taken);
  /// Moves the last `count` values to the end of the one before them.
  bool extend(Kind kind, const std::vector<Index>& with);
  bool pop(std::vector<Index>& taken, std::size_t count);
  bool fail() { return !(failed_ = true); }

  std::string_view rest_;
  std::vector<Value> values_;
  std::vector<Index> stack_;
  std::vector<std::size_t> marks_;  ///< sizes of the stack
  std::vector<Index> memo_;
  bool failed_ = false;
};

std::uint64_t Unpickler::number(std::size_t bytes) {
  std::uint64_t value = 0;
  const auto raw = text(bytes);
  for (std::size_t i = raw.size(); i > 0; --i) value = value << 8U | static_cast<unsigned char>(raw[i - 1]);
  return value;
}

std::string_view Unpickler::text(std::uint64_t bytes) {
  if (bytes > rest_.size()) {
    fail();
    return {};
  }
  const auto taken = rest_.substr(0, static_cast<std::size_t>(bytes));
  rest_.remove_prefix(taken.size());
  return taken;
}

bool Unpickler::push(Value value) {
  if (failed_ || values_.size() >= kMaxValues) return fail();
  values_.push_back(std::move(value));
  stack_.push_back(static_cast<Index>(values_.size() - 1));
  return true;
}

/// An integer of any length in two's complement. Only those of 64 bits are taken; event data have no others.
bool Unpickler::push_long(std::uint64_t bytes) {
  if (bytes > 8) return fail();
  auto value = number(static_cast<std::size_t>(bytes));
  const auto bits = 8 * static_cast<unsigned>(bytes);
  if (bits > 0 && bits < 64 && (value >> (bits - 1) & 1U) != 0) value |= ~std::uint64_t{0} << bits;
  return push_scalar(std::to_string(static_cast<std::int64_t>(value)));
}

bool Unpickler::push_known(std::uint64_t name) {
  if (failed_ || name >= memo_.size() || stack_.size() >= kMaxValues) return fail();
  stack_.push_back(memo_[static_cast<std::size_t>(name)]);
  return true;
}

/// Names are given in sequence.
bool Unpickler::memoize(std::uint64_t name) {
  if (failed_ || stack_.empty() || name > memo_.size() || memo_.size() >= kMaxValues) return fail();
  if (name == memo_.size())
    memo_.push_back(stack_.back());
  else
    memo_[static_cast<std::size_t>(name)] = stack_.back();
  return true;
}

bool Unpickler::pop(std::vector<Index>& taken, std::size_t count) {
  const auto kept = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() < kept + count) return fail();
  taken.assign(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  return true;
}

bool Unpickler::take_marked(std::vector<Index>& taken) {
  if (marks_.empty()) return fail();
  const auto begin = marks_.back();
  const bool popped = pop(taken, stack_.size() - begin);
  marks_.pop_back();
  return popped;
}

bool Unpickler::make_tuple(std::size_t size) {
  std::vector<Index> parts;
  return pop(parts, size) && push({Kind::kTuple, {}, {}, std::move(parts)});
}

bool Unpickler::extend(Kind kind, const std::vector<Index>& with) {
  const auto kept = marks_.empty() ? 0 : marks_.back();
  if (failed_ || stack_.size() <= kept) return fail();
  auto& target = values_[stack_.back()];
  if (target.kind != kind || (kind == Kind::kDict && with.size() % 2 != 0)) return fail();
  if (target.parts.size() + with.size() > kMaxValues) return fail();
  target.parts.insert(target.parts.end(), with.begin(), with.end());
  return true;
}

bool Unpickler::step_scalar(char opcode) {
  switch (opcode) {
    case 'N':  // NONE
      return push_scalar("null");
    case '\x88':  // NEWTRUE
      return push_scalar("true");
    case '\x89':  // NEWFALSE
      return push_scalar("false");
    case 'J':  // BININT
      return push_scalar(std::to_string(static_cast<std::int32_t>(number(4))));
    case 'K':  // BININT1
      return push_scalar(std::to_string(number(1)));
    case 'M':  // BININT2
      return push_scalar(std::to_string(number(2)));
    case '\x8a':  // LONG1
      return push_long(number(1));
    case 'G': {  // BINFLOAT, big endian
      std::uint64_t bits = 0;
      for (const auto byte : text(8)) bits = bits << 8U | static_cast<unsigned char>(byte);
      const auto value = std::bit_cast<double>(bits);
      return std::isfinite(value) ? push_scalar(fmt::format("{}", value)) : fail();
    }
    default:
      return step_text(opcode);
  }
}

bool Unpickler::step_text(char opcode) {
  const auto of = [this](Kind kind, std::size_t size_bytes) {
    const auto bytes = text(number(size_bytes));
    return push({kind, {}, bytes});
  };
  switch (opcode) {
    case '\x8c':  // SHORT_BINUNICODE
      return of(Kind::kString, 1);
    case 'X':  // BINUNICODE
      return of(Kind::kString, 4);
    case '\x8d':  // BINUNICODE8
      return of(Kind::kString, 8);
    case 'C':  // SHORT_BINBYTES
      return of(Kind::kBytes, 1);
    case 'B':  // BINBYTES
      return of(Kind::kBytes, 4);
    case '\x8e':  // BINBYTES8
    case '\x96':  // BYTEARRAY8
      return of(Kind::kBytes, 8);
    default:
      return step_container(opcode);
  }
}

bool Unpickler::step_container(char opcode) {
  std::vector<Index> taken;
  switch (opcode) {
    case '(':  // MARK
      if (marks_.size() >= kMaxValues) return fail();
      marks_.push_back(stack_.size());
      return true;
    case '}':  // EMPTY_DICT
      return push({Kind::kDict});
    case ']':  // EMPTY_LIST
      return push({Kind::kList});
    case ')':  // EMPTY_TUPLE
      return push({Kind::kTuple});
    case '\x85':  // TUPLE1
      return make_tuple(1);
    case '\x86':  // TUPLE2
      return make_tuple(2);
    case '\x87':  // TUPLE3
      return make_tuple(3);
    case 't':  // TUPLE
      return take_marked(taken) && push({Kind::kTuple, {}, {}, std::move(taken)});
    case 'a':  // APPEND
      return pop(taken, 1) && extend(Kind::kList, taken);
    case 'e':  // APPENDS
      return take_marked(taken) && extend(Kind::kList, taken);
    case 's':  // SETITEM
      return pop(taken, 2) && extend(Kind::kDict, taken);
    case 'u':  // SETITEMS
      return take_marked(taken) && extend(Kind::kDict, taken);
    default:
      return step_memo(opcode);
  }
}

bool Unpickler::step_memo(char opcode) {
  switch (opcode) {
    case '\x94':  // MEMOIZE
      return memoize(memo_.size());
    case 'q':  // BINPUT
      return memoize(number(1));
    case 'r':  // LONG_BINPUT
      return memoize(number(4));
    case 'h':  // BINGET
      return push_known(number(1));
    case 'j':  // LONG_BINGET
      return push_known(number(4));
    case '\x95':  // FRAME: its length is of no use here
      return text(8).size() == 8;
    default:  // no plain data
      return fail();
  }
}

bool Unpickler::step(char opcode) { return step_scalar(opcode) && !failed_; }

std::optional<Index> Unpickler::run() {
  if (!is_pickle(rest_)) return std::nullopt;
  rest_.remove_prefix(2);
  while (!rest_.empty()) {
    const char opcode = rest_.front();
    rest_.remove_prefix(1);
    if (opcode == '.')  // STOP
      return stack_.size() == 1 && marks_.empty() ? std::optional{stack_.front()} : std::nullopt;
    if (!step(opcode)) return std::nullopt;
  }
  return std::nullopt;
}

/// Writes values as JSON.
class Writer {
 public:
  Writer(const Unpickler& values, std::size_t most) : values_{values}, most_{most} {}

  /// False if it cannot be written.
  bool message(Index index);
  std::string take() { return std::move(out_); }

 private:
  bool write(Index index, int depth);
  bool write_dict(const Value& dict, int depth);
  bool write_data(Index index);
  bool write_text(std::string_view text);

  const Unpickler& values_;
  std::size_t most_;
  std::string out_;
  std::vector<std::string_view>* attachments_ = nullptr;  ///< where bytes go; null: they are not allowed
};

bool Writer::write_text(std::string_view text) {
  if (out_.size() + text.size() > most_) return false;
  socketio::append_json_string(out_, text);
  return true;
}

bool Writer::write(Index index, int depth) {
  const auto& value = values_.value(index);
  if (depth > kMaxDepth || out_.size() > most_) return false;
  switch (value.kind) {
    case Kind::kScalar:
      out_ += value.json;
      return true;
    case Kind::kString:
      return write_text(value.text);
    case Kind::kBytes:
      if (attachments_ == nullptr) return false;
      out_ += fmt::format(R"({{"_placeholder":true,"num":{}}})", attachments_->size());
      attachments_->push_back(value.text);
      return true;
    case Kind::kDict:
      return write_dict(value, depth);
    default:
      break;
  }
  out_ += '[';
  for (const auto part : value.parts) {
    if (out_.back() != '[') out_ += ',';
    if (!write(part, depth + 1)) return false;
  }
  out_ += ']';
  return true;
}

bool Writer::write_dict(const Value& dict, int depth) {
  out_ += '{';
  for (std::size_t i = 0; i + 1 < dict.parts.size(); i += 2) {
    if (out_.back() != '{') out_ += ',';
    const auto& key = values_.value(dict.parts[i]);
    // Python's json writes the keys that are scalars as texts.
    if (key.kind == Kind::kString ? !write_text(key.text) : key.kind != Kind::kScalar || !write_text(key.json))
      return false;
    out_ += ':';
    if (!write(dict.parts[i + 1], depth + 1)) return false;
  }
  out_ += '}';
  return true;
}

/// The event's data; if there are bytes in it, a list of it and of them. A tuple has the arguments, and a list is one.
bool Writer::write_data(Index index) {
  std::vector<std::string_view> attachments;
  attachments_ = &attachments;
  const auto begin = out_.size();
  const bool is_list = values_.value(index).kind == Kind::kList;
  if (is_list) out_ += '[';
  const bool written = write(index, is_list ? 2 : 1);
  if (is_list) out_ += ']';
  attachments_ = nullptr;
  if (!written) return false;
  if (attachments.empty()) {
    out_ += R"(,"binary":false)";
    return true;
  }
  out_.insert(begin, 1, '[');
  for (const auto bytes : attachments) {
    if (out_.size() + bytes.size() > most_) return false;
    out_.append(",\"").append(core::base64_encode(bytes)).append("\"");
  }
  out_ += R"(],"binary":true)";
  return true;
}

bool Writer::message(Index index) {
  const auto& dict = values_.value(index);
  if (dict.kind != Kind::kDict) return false;
  out_ += '{';
  for (std::size_t i = 0; i + 1 < dict.parts.size(); i += 2) {
    const auto& key = values_.value(dict.parts[i]);
    if (key.kind != Kind::kString) return false;
    if (key.text == "binary") continue;  // said by write_data
    if (out_.back() != '{') out_ += ',';
    if (!write_text(key.text)) return false;
    out_ += ':';
    if (key.text == "data" ? !write_data(dict.parts[i + 1]) : !write(dict.parts[i + 1], 1)) return false;
  }
  out_ += '}';
  return out_.size() <= most_;
}

}  // namespace

bool is_pickle(std::string_view message) {
  return message.size() >= 2 && message[0] == kProto && static_cast<std::uint8_t>(message[1]) >= 2 &&
         static_cast<std::uint8_t>(message[1]) <= kLastProtocol;
}

std::optional<std::string> json_of_pickle(std::string_view pickle, std::size_t most) {
  Unpickler unpickler{pickle};
  const auto message = unpickler.run();
  if (!message) return std::nullopt;
  Writer writer{unpickler, most};
  if (!writer.message(*message)) return std::nullopt;
  return writer.take();
}

}  // namespace adapter
