// Any bytes are a migration, or one Error(Exit::migration) of one line with its place: never a
// crash, another exception, or an error that cannot be acted on.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "migration/document.hpp"
#include "pgstrata/error.hpp"

namespace {

[[noreturn]] void fail(const char* rule, const pgstrata::Error& error) {
  std::fprintf(stderr, "%s: [%s] [%s]\n", rule, error.where().c_str(), error.message().c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string file = data[0] == '{' ? "001_fuzz.json" : "001_fuzz.yaml";
  try {
    pgstrata::migration::parse(file, std::string(reinterpret_cast<const char*>(data), size));
  } catch (const pgstrata::Error& error) {
    if (error.exit() != pgstrata::Exit::migration) fail("another exit code", error);
    if (error.where().rfind(file, 0) != 0) fail("no place", error);
    if (error.message().empty()) fail("no message", error);
    if (error.message().find('\n') != std::string::npos) fail("several lines", error);
  }
  return 0;
}
