#include "realtime-server/server/page.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "core/digest.hpp"

namespace server {
namespace {

constexpr std::string_view kPathToken = "{{path}}";

/// The content of the first `<element>`, as the browser hashes it.
std::string_view content_of(std::string_view element) {
  const auto opening = fmt::format("<{}>", element);
  const auto begin = kPageHtml.find(opening);
  const auto end = kPageHtml.find(fmt::format("</{}>", element), begin);
  if (begin == std::string_view::npos || end == std::string_view::npos)
    throw std::logic_error(fmt::format("the demo page has no {}", opening));
  return kPageHtml.substr(begin + opening.size(), end - begin - opening.size());
}

std::string hash_of(std::string_view element) { return core::base64_encode(core::sha256(content_of(element))); }

/// Text as the value of an HTML attribute.
std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

}  // namespace

std::string page(std::string_view path) {
  // The token is in an attribute, not in the script, whose hash would change with the path.
  std::string html{kPageHtml};
  const auto token = html.find(kPathToken);
  if (token == std::string::npos) throw std::logic_error("the demo page has no place for the path");
  return html.replace(token, kPathToken.size(), escaped(path));
}

bool is_page_path(std::string_view path, std::string_view protocol_path) {
  if (!path.starts_with('/')) return false;
  if (path.ends_with('/')) path.remove_suffix(1);
  const bool is_above = path.size() + 1 < protocol_path.size();
  return is_above && protocol_path.starts_with(path) && protocol_path[path.size()] == '/';
}

std::string page_policy() {
  return fmt::format(
      "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      hash_of("script"), hash_of("style"));
}

}  // namespace server
