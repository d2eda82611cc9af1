# A module is one static library: `add_module(NAME SOURCES … LINKS …)`. Which modules may include which is in
# hack/check_house, not here; a link that is missing here fails to build.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# The presets for it have clang++ compile without optimization: half the time of g++ -O1, and tests take no longer, as they
# wait for others most of the time. With fuzzer-no-link in it, the fuzz targets are linked to the same objects.
set(SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header carries times and paths that would make every cached object look stale, and so would the folder
  # in debug information: a new checkout is to find what another one has built.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# It links a program of tests in a quarter of the time. What is delivered has the linker that everything else has.
find_program(MOLD mold)
if(MOLD AND NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  add_link_options(-fuse-ld=mold)
endif()

# By which the operator knows whether it is the build that was there before.
add_link_options(-Wl,--build-id)

function(set_house_options target)
  # -Wrestrict is wrong about std::string in g++ 12 (GCC bug 105651). Conversions are to be the same to both compilers.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
                         -Werror $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -fpch-preprocess>
                         $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>
                         $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
  # The same everywhere: parts of Asio are in several modules of one program.
  target_compile_definitions(${target} PRIVATE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY)
  if(SANITIZE)
    # ThreadSanitizer does not know fences; what Asio hands from thread to thread is under its locks anyway.
    if(SANITIZE STREQUAL thread)
      target_compile_definitions(${target} PRIVATE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    endif()
    # By itself the one for undefined behaviour reports what it found and continues, and nobody reads it.
    target_compile_options(${target} PUBLIC -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${SANITIZE})
  endif()
endfunction()

# The headers that cost most to compile, compiled once for every module that has its definitions.
set(COMMON_HEADERS <algorithm> <boost/container/small_vector.hpp> <boost/flyweight.hpp> <boost/json/value.hpp> <chrono>
  <condition_variable> <fmt/format.h> <functional> <map> <optional> <set> <stop_token> <thread> <tl/expected.hpp>
  <unordered_map> <vector>)
add_library(common-headers OBJECT ${CMAKE_CURRENT_LIST_DIR}/common_headers.cpp)
set_house_options(common-headers)
target_compile_definitions(common-headers PRIVATE FMT_SHARED)
target_precompile_headers(common-headers PRIVATE ${COMMON_HEADERS})

# WITH_DEFINITIONS: a library among LINKS has definitions that the common headers are not compiled with.
function(add_module name)
  cmake_parse_arguments(MODULE "WITH_DEFINITIONS" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${MODULE_SOURCES})
  set_house_options(${name})
  target_link_libraries(${name} PUBLIC ${MODULE_LINKS} PRIVATE ${MODULE_PRIVATE_LINKS})
  # Instrumented code is built for a run of all tests, and what is shipped for a start from nothing, so what is compiled
  # again after a change does not count there.
  if(SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Release")
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    # GCC takes the files of a batch for headers, whose types several files would see.
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-Wno-subobject-linkage>)
  endif()
  if(NOT MODULE_WITH_DEFINITIONS)
    target_precompile_headers(${name} REUSE_FROM common-headers)
  endif()
endfunction()
