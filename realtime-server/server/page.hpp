// The demo page above the protocol's path: one HTML file with its own small client, part of the program. The server
// renders it once at start-up and then serves the same bytes; pure.
#pragma once

#include <string>
#include <string_view>

namespace server {

/// page/index.html as it is in the repository; `{{path}}` is replaced by the Engine.IO path. Defined in a source file
/// that cmake/EmbedPage.cmake generates.
extern const std::string_view kPageHtml;

/// The page for a server whose protocol.path is `path`, as text/html in UTF-8.
std::string page(std::string_view path);

/// Whether the page is at `path`: at / and at every other path above `protocol_path`, which begins and ends with a
/// slash; each with and without a slash at its end. So whichever prefix of protocol.path an Ingress leads here shows
/// the page.
bool is_page_path(std::string_view path, std::string_view protocol_path);

/// The value of the Content-Security-Policy header that belongs to the page: its own script and style, by their
/// SHA-256, connections to its own origin, nothing else.
std::string page_policy();

}  // namespace server
