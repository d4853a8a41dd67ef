// A string that repeats: a column's name, its type, a collation.
//
// Equal words are one piece of memory, kept until the process ends, so that a word takes a pointer
// and comparing two compares pointers. 10,000 tables have few types, and most of their column names
// more than once. Reads as a std::string; any thread may make one.
#pragma once

#include <string>
#include <string_view>

namespace pgstrata::model {

class Word {
 public:
  Word() : text_(&nothing) {}
  Word(std::string_view text);
  Word(const std::string& text) : Word(std::string_view(text)) {}
  Word(const char* text) : Word(std::string_view(text)) {}

  const std::string& str() const { return *text_; }
  operator const std::string&() const { return *text_; }
  bool empty() const { return text_->empty(); }
  std::size_t size() const { return text_->size(); }
  void clear() { *this = {}; }

  friend bool operator==(const Word& a, const Word& b) { return a.text_ == b.text_; }
  friend bool operator==(const Word& a, const std::string& b) { return *a.text_ == b; }
  friend bool operator==(const Word& a, const char* b) { return *a.text_ == b; }
  template <typename Stream>
  friend Stream& operator<<(Stream& out, const Word& word) {
    out << *word.text_;
    return out;
  }
  friend std::string operator+(const Word& a, const std::string& b) { return *a.text_ + b; }
  friend std::string operator+(const std::string& a, const Word& b) { return a + *b.text_; }
  friend std::string operator+(const Word& a, const char* b) { return *a.text_ + b; }
  friend std::string operator+(const char* a, const Word& b) { return a + *b.text_; }

 private:
  static const std::string nothing;
  const std::string* text_;
};

}  // namespace pgstrata::model
