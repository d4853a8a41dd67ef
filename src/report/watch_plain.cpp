// Progress for logs: few lines, no control characters.
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include "report/format.hpp"
#include "report/watch.hpp"

namespace pgstrata::report {

namespace {

constexpr double quiet_seconds = 5;

class PlainWatch final : public Watch {
 public:
  PlainWatch(std::ostream& out, const WatchOptions& options)
      : Watch(options.clock),
        log_("pgstrata", std::make_shared<spdlog::sinks::ostream_sink_st>(out, true)),
        verbose_(options.verbose),
        last_line_(now()) {
    log_.set_pattern("%H:%M:%S %v");
  }

  void waiting(const std::string& object, const std::vector<std::string>& blockers,
               double seconds) override {
    if (due()) log_.info("{}{}", head(current()), waiting_text(object, blockers, seconds));
  }

  void note(const std::string& text) override { log_.info("{}", one_line(text)); }

 protected:
  void show_step(const Step& step) override {
    if (!verbose_ && due()) log_.info("{}{}", head(step), step.title);
  }

  void show_done(const Step& step, double seconds) override {
    if (verbose_) log_.info("{}{} ({})", head(step), step.title, duration(seconds));
  }

  void show_fill(const Step& step, const FillProgress& fill) override {
    if (due()) log_.info("{}{}", head(step), fill_text(fill));
  }

 private:
  static std::string head(const Step& step) {
    return fmt::format("[{}/{}] {}: ", step.number, step.total, step.phase);
  }

  bool due() {
    const double time = now();
    if (time - last_line_ < quiet_seconds) return false;
    last_line_ = time;
    return true;
  }

  spdlog::logger log_;
  bool verbose_;
  double last_line_;  // a command that takes less than the interval prints its result alone
};

}  // namespace

std::unique_ptr<Watch> watch_plain(std::ostream& out, WatchOptions options) {
  return std::make_unique<PlainWatch>(out, options);
}

}  // namespace pgstrata::report
