#include "core/log.hpp"

#include <memory>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace core {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto created = std::make_shared<spdlog::logger>("log", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc);
    return created;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string encoded(const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return quoted(*text);
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
  return nlohmann::json(std::get<double>(field.value)).dump();
}

}  // namespace

Result<void> configure_logs(std::string_view level) {
  const auto parsed = spdlog::level::from_str(std::string{level});
  if (parsed == spdlog::level::off && level != "off")
    return fail(ErrorKind::kInvalidInput,
                "log level \"" + std::string{level} + "\" is not one of debug, info, warning, error");
  logger().set_level(parsed);
  logger().flush_on(spdlog::level::info);
  return {};
}

bool logs(LogLevel level) { return logger().should_log(to_spdlog(level)); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const auto severity = to_spdlog(level);
  if (!logger().should_log(severity)) return;
  std::string line = "\"msg\":" + quoted(message);
  for (const auto& field : fields) line += "," + quoted(field.name) + ":" + encoded(field);
  logger().log(severity, spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace core
