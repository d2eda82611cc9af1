#include "realtime-server/redis/resp_guard.hpp"

#include <algorithm>
#include <charconv>

namespace redis {
namespace {

constexpr std::size_t kMaxHeaderBytes = 32;  // type, sign, 19 digits, CR, LF; no valid one is longer
constexpr std::string_view kNil = "$-1\r\n";

tl::unexpected<RespFault> fault(RespFault which) { return tl::unexpected<RespFault>(which); }

}  // namespace

const RespFaultInfo& fault_info(RespFault fault) {
  return *std::find_if(kRespFaults.begin(), kRespFaults.end(), [&](const auto& info) { return info.fault == fault; });
}

tl::expected<void, RespFault> RespGuard::pass(std::string_view bytes, const Sink& sink) {
  std::string_view run;  // passes, is not sent yet, and ends where `bytes` begins
  while (!bytes.empty()) {
    const auto piece = take(bytes);
    if (!piece) {
      if (!run.empty()) sink(run);
      return tl::unexpected(piece.error());
    }
    if (piece->as_is) {
      run = {run.empty() ? bytes.data() : run.data(), run.size() + piece->size};
    } else {
      if (!run.empty()) sink(run);
      run = {};
      if (!piece->instead.empty()) sink(piece->instead);
    }
    bytes.remove_prefix(piece->size);
  }
  if (!run.empty()) sink(run);
  return {};
}

RespGuard::Taken RespGuard::take(std::string_view bytes) {
  switch (place_) {
    case Place::kHeader:
      return take_header(bytes);
    case Place::kLine:
      return take_line(bytes);
    case Place::kBulk:
      return take_bulk(bytes);
    case Place::kBulkEnd:
      return take_bulk_end(bytes);
    case Place::kStart:
      break;
  }
  switch (bytes.front()) {
    case '*':
    case '$':
      held_.clear();
      place_ = Place::kHeader;
      return take_header(bytes);
    case '+':
    case '-':
    case ':':
      line_bytes_ = 0;
      after_cr_ = false;
      place_ = Place::kLine;
      return take_line(bytes);
    default:
      return fault(RespFault::kUnknownType);
  }
}

RespGuard::Taken RespGuard::take_header(std::string_view bytes) {
  const auto end = bytes.substr(0, kMaxHeaderBytes).find('\n');
  const bool whole = end != std::string_view::npos;
  const auto piece = bytes.substr(0, whole ? end + 1 : kMaxHeaderBytes);
  if (held_.size() + piece.size() > kMaxHeaderBytes) return fault(RespFault::kBadLength);
  const bool cut = !whole || !held_.empty();
  if (cut) held_ += piece;
  if (!whole) return Piece{piece.size(), false};
  const auto passes = read_header(cut ? std::string_view{held_} : piece);
  if (!passes) return tl::unexpected(passes.error());
  if (!*passes) return Piece{piece.size(), false, kNil};
  return cut ? Piece{piece.size(), false, held_} : Piece{piece.size(), true};
}

tl::expected<bool, RespFault> RespGuard::read_header(std::string_view header) {
  if (!header.ends_with("\r\n")) return fault(RespFault::kBadLength);
  const auto digits = header.substr(1, header.size() - 3);
  if (digits == "-1") {  // nil, as a bulk or as an array
    end_value();
    return true;
  }
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size()) return fault(RespFault::kBadLength);
  return header.front() == '$' ? begin_bulk(length) : begin_array(length);
}

tl::expected<bool, RespFault> RespGuard::begin_bulk(std::uint64_t length) {
  skipping_ = length > limits_.bulk_bytes;
  if (skipping_) {
    if (length > limits_.skipped_bytes) return fault(RespFault::kBulkTooLong);
    ++skipped_;
    last_skipped_bytes_ = length;
  } else {
    // Many bulks, each within its limit, must not exceed it together; names and numbers may add the size of one line.
    reply_bytes_ += length;
    if (reply_bytes_ > limits_.bulk_bytes + limits_.line_bytes) return fault(RespFault::kReplyTooLarge);
  }
  bulk_left_ = length;
  after_cr_ = false;
  place_ = Place::kBulk;
  return !skipping_;
}

tl::expected<bool, RespFault> RespGuard::begin_array(std::uint64_t length) {
  if (length == 0) {
    end_value();
    return true;
  }
  if (length > limits_.elements - reply_elements_) return fault(RespFault::kTooManyElements);
  reply_elements_ += length;
  if (depth_ == std::min(limits_.depth, kMaxDepth)) return fault(RespFault::kTooDeep);
  left_[depth_++] = length;
  place_ = Place::kStart;
  return true;
}

RespGuard::Taken RespGuard::take_line(std::string_view bytes) {
  std::size_t size = bytes.size();
  bool whole = after_cr_ && bytes.front() == '\n';
  if (whole) {
    size = 1;
  } else if (const auto end = bytes.find("\r\n"); end != std::string_view::npos) {
    whole = true;
    size = end + 2;
  }
  line_bytes_ += size;
  if (line_bytes_ > limits_.line_bytes) return fault(RespFault::kLineTooLong);
  after_cr_ = bytes[size - 1] == '\r';
  if (whole) {
    reply_bytes_ += line_bytes_;
    if (reply_bytes_ > limits_.bulk_bytes + limits_.line_bytes) return fault(RespFault::kReplyTooLarge);
    end_value();
  }
  return Piece{size, true};
}

RespGuard::Taken RespGuard::take_bulk(std::string_view bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bulk_left_, bytes.size()));
  bulk_left_ -= size;
  if (bulk_left_ == 0) place_ = Place::kBulkEnd;
  return Piece{size, !skipping_};
}

RespGuard::Taken RespGuard::take_bulk_end(std::string_view bytes) {
  if (bytes.front() != (after_cr_ ? '\n' : '\r')) return fault(RespFault::kBadBulkEnd);
  const bool as_is = !skipping_;
  if (after_cr_) end_value();
  after_cr_ = true;
  return Piece{1, as_is};
}

void RespGuard::end_value() {
  place_ = Place::kStart;
  while (depth_ > 0 && --left_[depth_ - 1] == 0) --depth_;
  if (depth_ > 0) return;
  reply_bytes_ = 0;
  reply_elements_ = 0;
}

}  // namespace redis
