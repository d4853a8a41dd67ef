// The progress line of a terminal: redrawn in place, at most ten times a second.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "report/format.hpp"
#include "report/watch.hpp"

namespace pgstrata::report {

namespace {

constexpr double redraw_seconds = 0.1;
constexpr int bar_cells = 12;

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string bar(std::int64_t done, std::int64_t total) {
  const auto full =
      total > 0 ? std::clamp<std::int64_t>(done * bar_cells / total, 0, bar_cells) : bar_cells;
  std::string cells;
  for (int cell = 0; cell < bar_cells; ++cell) cells += cell < full ? "█" : "░";
  return cells;
}

class TerminalWatch final : public Watch {
 public:
  TerminalWatch(std::ostream& out, const WatchOptions& options)
      : Watch(options.clock), out_(out), verbose_(options.verbose) {}
  ~TerminalWatch() override { clear(); }

  void waiting(const std::string& object, const std::vector<std::string>& blockers,
               double seconds) override {
    draw(head(current()) + waiting_text(object, blockers, seconds));
  }

  void note(const std::string& text) override {
    clear();
    out_ << one_line(text) << std::endl;
  }

  void clear() override {
    if (drawn_) out_ << "\r\x1b[K" << std::flush;
    drawn_ = false;
  }

 protected:
  void show_step(const Step& step) override { draw(head(step) + step.title); }

  void show_done(const Step& step, double seconds) override {
    if (!verbose_) return;
    clear();
    out_ << head(step) << step.title << " (" << duration(seconds) << ")" << std::endl;
  }

  void show_fill(const Step& step, const FillProgress& fill) override {
    const double time = now();
    if (time - last_fill_ < redraw_seconds && fill.pages_done < fill.pages_total) return;
    last_fill_ = time;
    draw(fmt::format("[{}/{}] {} {}", step.number, step.total,
                     bar(fill.pages_done, fill.pages_total), fill_text(fill)));
  }

 private:
  static std::string head(const Step& step) {
    return fmt::format("[{}/{}] {}: ", step.number, step.total, step.phase);
  }

  void draw(const std::string& line) {
    out_ << '\r' << cut(line, terminal_width() - 1) << "\x1b[K" << std::flush;
    drawn_ = true;
  }

  std::ostream& out_;
  bool verbose_;
  bool drawn_ = false;
  double last_fill_ = -redraw_seconds;
};

}  // namespace

std::unique_ptr<Watch> watch_terminal(std::ostream& out, WatchOptions options) {
  return std::make_unique<TerminalWatch>(out, options);
}

}  // namespace pgstrata::report
