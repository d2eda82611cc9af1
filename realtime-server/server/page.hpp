// The demo page at `/`: one HTML file with its own small client, part of the program. The server renders it once at
// start-up and then serves the same bytes; pure.
#pragma once

#include <string>
#include <string_view>

namespace server {

/// page/index.html as it is in the repository; `{{path}}` is replaced by the Engine.IO path. Defined in a source file
/// that cmake/EmbedPage.cmake generates.
extern const std::string_view kPageHtml;

/// The page for a server whose protocol.path is `path`, as text/html in UTF-8.
std::string page(std::string_view path);

/// The value of the Content-Security-Policy header that belongs to the page: its own script and style, by their
/// SHA-256, connections to its own origin, nothing else.
std::string page_policy();

}  // namespace server
