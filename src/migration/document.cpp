// Files and directories to migrations.
#include "migration/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "migration/operations.hpp"
#include "migration/syntax.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::migration {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> endings = {".yaml", ".yml", ".json"};

std::string_view ending_of(std::string_view file_name) {
  for (const std::string_view ending : endings) {
    if (file_name.ends_with(ending)) return ending;
  }
  return {};
}

[[noreturn]] void refuse_path(const std::string& path, std::string code, std::string message,
                              std::string hint = {}) {
  throw Error(Exit::migration, std::move(code), std::move(message), path, std::move(hint));
}

std::string migration_name(const std::string& path) {
  const std::string file_name = fs::path(path).filename().string();
  const std::string_view ending = ending_of(file_name);
  if (ending.empty()) {
    refuse_path(path, "file-extension", "migration files end in .yaml, .yml or .json");
  }
  const std::string name = file_name.substr(0, file_name.size() - ending.size());
  if (name.empty()) {
    refuse_path(path, "empty-name", "the file name gives the migration no name",
                "name the file after what it does, for example 01_add_email.yaml");
  }
  if (name.size() > sql::max_identifier_bytes) {
    refuse_path(path, "version-name-too-long",
                fmt::format("version name too long: '{}' has {} bytes, at most {} fit", name,
                            name.size(), sql::max_identifier_bytes),
                "shorten the file name; it names the version's schema");
  }
  return name;
}

// `name` and `version_schema` come later. One that repeats the file's name changes nothing, and
// older files carry it.
void check_override(const Fields& keys, std::string_view key, const std::string& name) {
  const std::optional<Value> value = keys.find(key);
  if (!value || value->as_name().value == name) return;
  value->refuse("not-supported",
                fmt::format("'{}' other than the file's name is not supported yet", key),
                fmt::format("remove the key, or name the file after it; the name is '{}'", name));
}

bool is_migration(const fs::directory_entry& entry) {
  const std::string file_name = entry.path().filename().string();
  return entry.is_regular_file() && !file_name.starts_with('.') && !ending_of(file_name).empty();
}

}  // namespace

Migration parse(const std::string& path, std::string content) {
  Migration migration{.name = migration_name(path), .file = path, .content = std::move(content)};
  const Source source(path, migration.content);
  const Node root = path.ends_with(".json") ? parse_json(source) : parse_yaml(source);

  const Fields keys =
      Value(path, "the document", root).as_fields({"operations", "name", "version_schema"});
  check_override(keys, "name", migration.name);
  check_override(keys, "version_schema", migration.name);
  const std::vector<Value> items = keys.required("operations").named("operations").as_list();
  migration.operations.reserve(items.size());
  for (const Value& item : items) migration.operations.push_back(read_operation(item));
  return migration;
}

Migration read_file(const std::string& path) {
  migration_name(path);
  std::error_code error;
  if (fs::is_directory(path, error)) {
    refuse_path(path, "cannot-read", "this is a directory, not a migration file");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    refuse_path(path, "cannot-read", fmt::format("cannot read the file: {}", std::strerror(errno)));
  }
  // One byte more than allowed shows that there is more, whatever kind of file this is.
  std::string content;
  std::array<char, 16384> piece{};
  while (content.size() <= max_file_bytes && file) {
    file.read(piece.data(), piece.size());
    content.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) {
    refuse_path(path, "cannot-read", fmt::format("cannot read the file: {}", std::strerror(errno)));
  }
  return parse(path, std::move(content));
}

std::vector<std::string> list_directory(const std::string& directory) {
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  if (error) {
    refuse_path(directory, "cannot-read",
                fmt::format("cannot read the directory: {}", error.message()));
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : entries) {
    if (is_migration(entry)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return a.filename().string() < b.filename().string();
  });
  std::vector<std::string> paths;
  std::map<std::string, fs::path> names;
  for (const fs::path& file : files) {
    const auto [first, inserted] = names.emplace(migration_name(file.string()), file);
    if (!inserted) {
      refuse_path(file.string(), "duplicate-migration",
                  fmt::format("the migration '{}' stands in {} as well", first->first,
                              first->second.filename().string()),
                  "keep one of the two files");
    }
    paths.push_back(file.string());
  }
  return paths;
}

}  // namespace pgstrata::migration
