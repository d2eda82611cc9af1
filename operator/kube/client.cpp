#include "operator/kube/client.hpp"

#include <memory>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "core/utf8.hpp"
#include "operator/kube/metrics.hpp"

namespace kube {
namespace {

using core::ErrorKind;
using core::Result;

constexpr std::string_view kApplyType = "application/apply-patch+yaml";

std::string escaped(const std::string& text) {
  const std::unique_ptr<char, decltype(&curl_free)> encoded{
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), &curl_free};
  return encoded.get();
}

std::string selection_query(const Selection& selection) {
  std::string query;
  if (!selection.label_selector.empty()) query += "&labelSelector=" + escaped(selection.label_selector);
  if (!selection.field_selector.empty()) query += "&fieldSelector=" + escaped(selection.field_selector);
  return query;
}

/// The character that begins here, for those of up to three bytes; 0 for others.
unsigned short_character(const char* p, unsigned length) {
  const auto byte = [p](std::ptrdiff_t i) { return static_cast<unsigned char>(p[i]); };
  switch (length) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1fU) << 6U | (byte(1) & 0x3fU);
    case 3:
      return (byte(0) & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU);
    default:
      return 0;
  }
}

/// Whether YAML 1.1 has no place for this character of a JSON text as it is, or takes it for a line break, which it
/// folds.
bool is_odd_in_yaml(unsigned c) {
  return (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

/// The same as YAML, which is what an apply is read as: odd characters are escaped. Not all that are not ASCII, because
/// YAML has no pairs of surrogates.
std::string yaml_of(const Json& json) {
  auto text = text_of(json);
  std::string yaml;
  const char* const end = text.data() + text.size();
  const char* rest = text.data();  // what is not in `yaml` yet
  for (const char* p = rest; p != end;) {
    const auto length = core::utf8_sequence(p, end).length;
    if (const auto c = short_character(p, length); is_odd_in_yaml(c)) {
      yaml.append(rest, p) += fmt::format("\\u{:04x}", c);
      rest = p + length;
    }
    p += length;
  }
  return yaml.empty() ? text : yaml.append(rest, end);
}

bool is_success(long status) { return status >= 200 && status < 300; }

std::string list_target(const ResourceType& type, const Selection& selection, const std::string& next, int page_size) {
  auto target = fmt::format("{}?limit={}{}", type.path(selection.name_space), page_size, selection_query(selection));
  if (!next.empty()) target += "&continue=" + escaped(next);
  return target;
}

Result<ListPage> page_from(std::string_view body, const ResourceType& type) {
  auto answer = Object::parse(body);
  if (!answer) return tl::unexpected(answer.error());
  auto* items = answer->json().get_object().if_contains("items");
  if (items == nullptr || !(items->is_array() || items->is_null()))
    return core::fail(ErrorKind::kMalformed, fmt::format("the list of {} has no items", type.plural));
  ListPage page;
  page.resource_version = answer->resource_version();
  page.next = value_at<std::string>(answer->json(), {"metadata", "continue"});
  if (items->is_null()) return page;
  page.items.reserve(items->get_array().size());
  for (auto& item : items->get_array()) page.items.emplace_back(answer->memory(), std::move(item));
  return page;
}

}  // namespace

/// A GET that is under way, counted when it has ended.
class Client::Get {
 public:
  Get(Client& client, std::unique_ptr<Transport::Exchange> exchange)
      : client_{client}, exchange_{std::move(exchange)} {}
  ~Get() {
    if (!ended_) (void)client_.counted("GET", core::fail(ErrorKind::kCancelled, "cancelled"));
  }
  Get(const Get&) = delete;
  Get& operator=(const Get&) = delete;

  std::optional<Result<HttpResponse>> take(const Transport::Exchange::Sink& sink) {
    auto response = exchange_->take(sink);
    if (!response) return std::nullopt;
    ended_ = true;
    return client_.counted("GET", std::move(*response));
  }

 private:
  Client& client_;
  std::unique_ptr<Transport::Exchange> exchange_;
  bool ended_ = false;
};

Client::Client(Transport& transport, core::Metrics& metrics) : transport_{transport}, metrics_{metrics} {}

/// Counts what was answered, and sorts failures by their kinds.
Result<HttpResponse> Client::counted(const std::string& method, Result<HttpResponse> response) {
  const auto code = response ? fmt::format("{}", response->status) : "<error>";
  metrics_.increment(metrics::kRequests, {{"code", code}, {"method", method}, {"host", transport_.host()}});
  if (response && !is_success(response->status))
    return tl::unexpected(error_from(response->status, response->body, response->retry_after));
  return response;
}

Result<HttpResponse> Client::exchange(HttpRequest request, const std::stop_token& stop) {
  const auto method = request.method;
  return counted(method, transport_.send(std::move(request), stop));
}

Result<Object> Client::object_from(HttpRequest request, const std::stop_token& stop) {
  const auto response = exchange(std::move(request), stop);
  if (!response) return tl::unexpected(response.error());
  return Object::parse(response->body);
}

Result<Object> Client::get(const ResourceType& type, const ObjectKey& key, const std::stop_token& stop,
                           std::chrono::milliseconds timeout) {
  return object_from({.target = type.path(key.name_space, key.name), .timeout = timeout}, stop);
}

Result<ListPage> Client::list(const ResourceType& type, const Selection& selection, const std::string& next,
                              const std::stop_token& stop) {
  const auto response = exchange({.target = list_target(type, selection, next, kPageSize)}, stop);
  if (!response) return tl::unexpected(response.error());
  return page_from(response->body, type);
}

Result<Pending<ListPage>> Client::begin_list(const ResourceType& type, const Selection& selection,
                                             const std::string& next, int page_size, std::function<void()> on_change,
                                             const std::stop_token& stop) {
  auto exchange = transport_.begin({.target = list_target(type, selection, next, page_size)}, Delivery::kWhole,
                                   std::move(on_change), stop);
  if (!exchange) return tl::unexpected(exchange.error());
  return [get = std::make_shared<Get>(*this, std::move(*exchange)), &type]() -> std::optional<Result<ListPage>> {
    const auto response = get->take({});
    if (!response) return std::nullopt;
    if (!*response) return tl::unexpected(response->error());
    return page_from((*response)->body, type);
  };
}

Result<Object> Client::create(const ResourceType& type, const Object& object, const std::stop_token& stop,
                              std::chrono::milliseconds timeout) {
  return object_from({.method = "POST",
                      .target = fmt::format("{}?fieldManager={}", type.path(object.name_space()), kFieldManager),
                      .content_type = "application/json",
                      .body = text_of(object.json()),
                      .timeout = timeout},
                     stop);
}

Result<Object> Client::apply(const ResourceType& type, const Object& object, const std::stop_token& stop) {
  return object_from({.method = "PATCH",
                      .target = fmt::format("{}?fieldManager={}&force=true",
                                            type.path(object.name_space(), object.name()), kFieldManager),
                      .content_type = std::string{kApplyType},
                      .body = yaml_of(object.json())},
                     stop);
}

Result<Object> Client::patch_at(const std::string& path, const Json& patch, const std::stop_token& stop,
                                std::chrono::milliseconds timeout) {
  return object_from({.method = "PATCH",
                      .target = fmt::format("{}?fieldManager={}", path, kFieldManager),
                      .content_type = patch.is_array() ? "application/json-patch+json" : "application/merge-patch+json",
                      .body = text_of(patch),
                      .timeout = timeout},
                     stop);
}

Result<Object> Client::patch(const ResourceType& type, const ObjectKey& key, const Json& patch,
                             const std::stop_token& stop, std::chrono::milliseconds timeout) {
  return patch_at(type.path(key.name_space, key.name), patch, stop, timeout);
}

Result<Object> Client::replace_status(const ResourceType& type, Object object, const std::stop_token& stop) {
  const auto key = object.key();
  const auto uid = object.uid();
  auto& status = object.json().at("status");
  const auto memory = status.storage();
  const Json patch(boost::json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid}},
                                       {{"op", "add"}, {"path", "/status"}, {"value", std::move(status)}}},
                                      memory));
  auto written = patch_at(type.path(key.name_space, key.name) + "/status", patch, stop);
  if (written || written.error().kind != ErrorKind::kInvalidObject) return written;
  // A test that fails is called invalid, as a status is that the schema refuses.
  const auto live = get(type, key, stop);
  if (!live && live.error().kind == ErrorKind::kNotFound) return tl::unexpected(live.error());
  if (live && live->uid() != uid) written.error().kind = ErrorKind::kConflict;
  return written;
}

Result<std::optional<Object>> Client::remove(const ResourceType& type, const ObjectKey& key, const Uid& uid,
                                             const std::stop_token& stop) {
  const Json options{{"kind", "DeleteOptions"},
                     {"apiVersion", "v1"},
                     {"propagationPolicy", "Background"},
                     {"preconditions", {{"uid", uid.text()}}}};
  const auto response = exchange({.method = "DELETE",
                                  .target = type.path(key.name_space, key.name),
                                  .content_type = "application/json",
                                  .body = text_of(options)},
                                 stop);
  if (!response) return tl::unexpected(response.error());
  auto left = Object::parse(response->body);
  if (!left || !left->deleting()) return std::nullopt;
  return std::move(*left);
}

Result<Pending<void>> Client::begin_watch(const ResourceType& type, const Selection& selection,
                                          const WatchOptions& options, WatchDecoder::Sink sink,
                                          std::function<void()> on_change, const std::stop_token& stop) {
  const auto begin = options.resource_version.empty()
                         ? std::string{"sendInitialEvents=true&resourceVersionMatch=NotOlderThan"}
                         : "resourceVersion=" + escaped(options.resource_version);
  HttpRequest request{.target = fmt::format("{}?watch=true&allowWatchBookmarks=true&{}&timeoutSeconds={}{}",
                                            type.path(selection.name_space), begin, options.duration.count(),
                                            selection_query(selection))};
  auto exchange = transport_.begin(std::move(request), Delivery::kInPieces, std::move(on_change), stop);
  if (!exchange) return tl::unexpected(exchange.error());
  return [get = std::make_shared<Get>(*this, std::move(*exchange)),
          decoder = std::make_shared<WatchDecoder>(options.is_known),
          sink = std::move(sink)]() -> std::optional<Result<void>> {
    Result<bool> decoded = true;
    const auto response = get->take([&](std::string_view bytes) {
      decoded = decoder->feed(bytes, sink);
      return decoded && *decoded;
    });
    if (!response) return std::nullopt;
    if (!decoded) return tl::unexpected(decoded.error());
    if (!*response) return tl::unexpected(response->error());
    return Result<void>{};
  };
}

}  // namespace kube
