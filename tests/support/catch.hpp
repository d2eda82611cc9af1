// The one place that names the test framework's header: a change of its version is a change of this file.
#pragma once

#include <catch2/catch.hpp>
