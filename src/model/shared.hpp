// Values that copies of a model share until one of them is changed.
//
// Two adjacent versions are equal in nearly every table, and most columns have neither default nor
// comment: shared, 10,000 tables of 20 columns fit into tens of megabytes for any number of
// versions, and comparing what is shared is comparing pointers. Reading through a non-const path
// makes a copy of one's own first, so loops over all tables go through const ones.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pgstrata::model {

// std::optional in the space of a pointer.
template <typename T>
class Maybe {
 public:
  Maybe() = default;
  Maybe(std::nullopt_t) {}
  Maybe(T value) : value_(std::make_shared<T>(std::move(value))) {}
  Maybe(std::optional<T> value) {
    if (value) value_ = std::make_shared<T>(std::move(*value));
  }
  operator std::optional<T>() const { return value_ ? std::optional<T>(*value_) : std::nullopt; }

  explicit operator bool() const { return value_ != nullptr; }
  bool has_value() const { return value_ != nullptr; }
  const T& value() const { return *value_; }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  T& operator*() { return own(); }
  T* operator->() { return &own(); }
  void reset() { value_.reset(); }

  friend bool operator==(const Maybe& a, const Maybe& b) {
    return a.value_ == b.value_ || (a.value_ && b.value_ && *a.value_ == *b.value_);
  }

 private:
  T& own() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }
  std::shared_ptr<T> value_;
};

template <typename T>
class List {
 public:
  using value_type = T;
  List() = default;
  explicit List(std::vector<T> items)
      : items_(std::make_shared<std::vector<T>>(std::move(items))) {}
  List& operator=(std::vector<T> items) { return *this = List(std::move(items)); }
  operator const std::vector<T>&() const { return items(); }

  auto begin() const { return items().begin(); }
  auto end() const { return items().end(); }
  auto begin() { return own().begin(); }
  auto end() { return own().end(); }
  std::size_t size() const { return items().size(); }
  bool empty() const { return items().empty(); }
  const T& operator[](std::size_t i) const { return items()[i]; }
  T& operator[](std::size_t i) { return own()[i]; }
  const T& front() const { return items().front(); }
  const T& back() const { return items().back(); }
  T& front() { return own().front(); }
  T& back() { return own().back(); }
  void push_back(T item) { own().push_back(std::move(item)); }
  void clear() { items_.reset(); }
  template <typename Predicate>
  std::size_t erase_if(Predicate gone) {
    return std::erase_if(own(), gone);
  }
  bool shares(const List& other) const { return items_ == other.items_; }

  friend bool operator==(const List& a, const List& b) {
    return a.items_ == b.items_ || a.items() == b.items();
  }

 private:
  const std::vector<T>& items() const {
    static const std::vector<T> none;
    return items_ ? *items_ : none;
  }
  std::vector<T>& own() {
    if (!items_)
      items_ = std::make_shared<std::vector<T>>();
    else if (items_.use_count() > 1)
      items_ = std::make_shared<std::vector<T>>(*items_);
    return *items_;
  }
  std::shared_ptr<std::vector<T>> items_;
};

}  // namespace pgstrata::model
