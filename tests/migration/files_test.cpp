// Files and directories.
#define BOOST_TEST_DYN_LINK
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "support.hpp"

namespace pgstrata::migration {

namespace fs = std::filesystem;

namespace {

struct Directory {
  fs::path path = fs::temp_directory_path() / ("pgstrata-files-" + std::to_string(::getpid()));
  Directory() { fs::create_directory(path); }
  ~Directory() { fs::remove_all(path); }
  std::string file(const std::string& name, const std::string& content = "operations: []\n") const {
    std::ofstream(path / name, std::ios::binary) << content;
    return (path / name).string();
  }
};

template <typename Call>
std::string refusal_of(Call call) {
  try {
    call();
    return "accepted";
  } catch (const Error& error) {
    return std::string(error.what()) + " [" + error.code() + "]";
  }
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(files, Directory)

BOOST_AUTO_TEST_CASE(the_name_is_the_file_name_without_its_ending) {
  for (const std::string ending : {".yaml", ".yml", ".json"}) {
    const std::string content = "{\"operations\": []}";
    const Migration read = read_file(file("01_a.b" + ending, content));
    BOOST_TEST(read.name == "01_a.b");
    BOOST_TEST(read.content == content);
  }
}

BOOST_AUTO_TEST_CASE(the_content_is_kept_byte_by_byte) {
  const std::string content = "\xEF\xBB\xBFoperations: []\r\n";
  BOOST_TEST(read_file(file("a.yaml", content)).content == content);
}

BOOST_AUTO_TEST_CASE(other_endings_are_refused) {
  for (const std::string name : {"migration", "a.sql", "a.YAML", "a.yaml.bak", "yaml"}) {
    const std::string path = file(name);
    BOOST_TEST(refusal_of([&] { read_file(path); }) ==
               path + ": migration files end in .yaml, .yml or .json [file-extension]");
  }
}

BOOST_AUTO_TEST_CASE(a_file_of_only_an_ending_has_no_name) {
  BOOST_TEST(refusal("operations: []", ".yaml") ==
             ".yaml: the file name gives the migration no name [empty-name]");
}

BOOST_AUTO_TEST_CASE(a_name_over_63_bytes_is_refused) {
  BOOST_TEST(refusal("operations: []", std::string(63, 'v') + ".yaml") == "accepted");
  const std::string name(64, 'v');
  BOOST_TEST(refusal("operations: []", name + ".yaml") ==
             name + ".yaml: version name too long: '" + name +
                 "' has 64 bytes, at most 63 fit [version-name-too-long]");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused) {
  const std::string missing = (path / "missing.yaml").string();
  BOOST_TEST(refusal_of([&] { read_file(missing); }) ==
             missing + ": cannot read the file: No such file or directory [cannot-read]");
  const std::string directory = (path / "directory.yaml").string();
  fs::create_directory(directory);
  BOOST_TEST(refusal_of([&] { read_file(directory); }) ==
             directory + ": this is a directory, not a migration file [cannot-read]");
}

BOOST_AUTO_TEST_CASE(a_file_over_16_mib_is_refused) {
  std::string content = "operations: []\n#";
  content.resize(16 * 1024 * 1024, '#');
  BOOST_TEST(refusal(content) == "accepted");
  const std::string path = file("big.yaml", content + "#");
  BOOST_TEST(refusal_of([&] { read_file(path); }) ==
             path + ":1:1: the file has more than 16777216 bytes (16 MiB) [file-too-large]");
}

BOOST_AUTO_TEST_CASE(a_directory_is_listed_in_file_name_order) {
  file("02_b.json");
  file("01_a.yaml");
  file("10_c.yml");
  file("03_d.yaml");
  file("README.md");
  file(".04_hidden.yaml");
  file("05_backup.yaml~");
  fs::create_directory(path / "06_directory.yaml");
  std::string listed;
  for (const std::string& name : list_directory(path.string())) {
    listed += fs::path(name).filename().string() + " ";
    BOOST_TEST(fs::exists(name));
  }
  BOOST_TEST(listed == "01_a.yaml 02_b.json 03_d.yaml 10_c.yml ");
}

BOOST_AUTO_TEST_CASE(two_files_of_one_name_are_refused) {
  file("01_a.json");
  file("01_a.yaml");
  const std::string expected = (path / "01_a.yaml").string() +
                               ": the migration '01_a' stands in 01_a.json as well "
                               "[duplicate-migration]";
  BOOST_TEST(refusal_of([&] { list_directory(path.string()); }) == expected);
}

BOOST_AUTO_TEST_CASE(a_missing_directory_is_refused) {
  const std::string missing = (path / "missing").string();
  BOOST_TEST(refusal_of([&] { list_directory(missing); }) ==
             missing + ": cannot read the directory: No such file or directory [cannot-read]");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
