# Writes a source that holds a page as text: `cmake -D INPUT=… -D OUTPUT=… -P EmbedPage.cmake`.
file(READ ${INPUT} html)
if(html MATCHES "\\)page\"")
  message(FATAL_ERROR "${INPUT} holds the end of a raw string, )page\"")
endif()
file(WRITE ${OUTPUT} "#include \"realtime-server/server/page.hpp\"

namespace server {

const std::string_view kPageHtml = R\"page(${html})page\";

}  // namespace server
")
