// Progress for programs: one JSON object per line.
#include <nlohmann/json.hpp>
#include <ostream>

#include "report/watch.hpp"

namespace pgstrata::report {

namespace {

using Json = nlohmann::ordered_json;

class JsonWatch final : public Watch {
 public:
  JsonWatch(std::ostream& out, const WatchOptions& options)
      : Watch(options.clock), out_(out), quiet_seconds_(options.quiet_seconds), last_fill_(now()) {}

  void waiting(const std::string& object, const std::vector<std::string>& blockers,
               double seconds) override {
    print({{"event", "waiting"}, {"object", object}, {"blockers", blockers}, {"seconds", seconds}});
  }

  void note(const std::string& text) override { print({{"event", "note"}, {"text", text}}); }

 protected:
  void show_step(const Step& step) override {
    print({{"event", "step"},
           {"number", step.number},
           {"total", step.total},
           {"phase", step.phase},
           {"title", step.title}});
  }

  void show_done(const Step& step, double seconds) override {
    print({{"event", "step_done"}, {"number", step.number}, {"seconds", seconds}});
  }

  void show_fill(const Step&, const FillProgress& fill) override {
    const double time = now();
    if (time - last_fill_ < quiet_seconds_) return;
    last_fill_ = time;
    print({{"event", "fill"},
           {"table", fill.table},
           {"rows", fill.rows},
           {"pages_done", fill.pages_done},
           {"pages_total", fill.pages_total},
           {"rows_per_second", fill.rows_per_second},
           {"seconds_left", fill.seconds_left < 0 ? Json() : Json(fill.seconds_left)},
           {"workers", fill.workers},
           {"lock_retries", fill.lock_retries},
           {"throttled_by", fill.throttled_by},
           {"blocked_by", fill.blocked_by}});
  }

 private:
  void print(const Json& event) {
    out_ << event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
  }

  std::ostream& out_;
  const double quiet_seconds_;
  double last_fill_;
};

}  // namespace

std::unique_ptr<Watch> watch_json(std::ostream& out, WatchOptions options) {
  return std::make_unique<JsonWatch>(out, options);
}

}  // namespace pgstrata::report
