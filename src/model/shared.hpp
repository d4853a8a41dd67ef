// Values that copies of a model share until one of them is changed.
//
// Two adjacent versions are equal in nearly every table, and most columns have neither default nor
// comment: shared, 10,000 tables of 20 columns fit into tens of megabytes for any number of
// versions, and comparing what is shared is comparing pointers. Reading through a non-const path
// makes a copy of one's own first, so loops over all tables go through const ones.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pgstrata::model {

// std::shared_ptr in the space of one pointer and one allocation of what it needs: a model has
// hundreds of thousands.
template <typename T>
class Counted {
 public:
  Counted() = default;
  explicit Counted(T value) : node_(new Node{{1}, std::move(value)}) {}
  Counted(const Counted& other) : node_(other.node_) {
    if (node_) node_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Counted(Counted&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Counted& operator=(Counted other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Counted() {
    if (node_ && node_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node_;
  }

  explicit operator bool() const { return node_ != nullptr; }
  const T& operator*() const { return node_->value; }
  const T* operator->() const { return &node_->value; }
  // For changing it: nobody else's then.
  T& own() {
    if (node_->owners.load(std::memory_order_acquire) > 1) *this = Counted(node_->value);
    return node_->value;
  }
  friend bool operator==(const Counted& a, const Counted& b) { return a.node_ == b.node_; }

 private:
  struct Node {
    std::atomic<int> owners;
    T value;
  };
  Node* node_ = nullptr;
};

// std::optional in the space of a pointer.
template <typename T>
class Maybe {
 public:
  Maybe() = default;
  Maybe(std::nullopt_t) {}
  Maybe(T value) : value_(std::move(value)) {}
  Maybe(std::optional<T> value) {
    if (value) value_ = Counted<T>(std::move(*value));
  }
  operator std::optional<T>() const { return value_ ? std::optional<T>(*value_) : std::nullopt; }

  explicit operator bool() const { return bool(value_); }
  bool has_value() const { return bool(value_); }
  const T& value() const { return *value_; }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return &*value_; }
  T& operator*() { return value_.own(); }
  T* operator->() { return &value_.own(); }
  void reset() { value_ = {}; }

  friend bool operator==(const Maybe& a, const Maybe& b) {
    return a.value_ == b.value_ || (a.value_ && b.value_ && *a.value_ == *b.value_);
  }

 private:
  Counted<T> value_;
};

template <typename T>
class List {
 public:
  using value_type = T;
  List() = default;
  explicit List(std::vector<T> items) {
    if (!items.empty()) items_ = Counted<std::vector<T>>(std::move(items));
  }
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
  const T& at(std::size_t i) const { return items().at(i); }
  const T& front() const { return items().front(); }
  const T& back() const { return items().back(); }
  T& front() { return own().front(); }
  T& back() { return own().back(); }
  void push_back(T item) { own().push_back(std::move(item)); }
  void clear() { items_ = {}; }
  // What is erased from nothing shared stays shared.
  template <typename Predicate>
  std::size_t erase_if(Predicate gone) {
    for (const T& item : items())
      if (gone(item)) return std::erase_if(own(), gone);
    return 0;
  }
  // What is changed nowhere stays shared.
  template <typename Predicate, typename Change>
  void change_if(Predicate wanted, Change change) {
    for (std::size_t i = 0; i < size(); ++i)
      if (wanted(items()[i])) change(own()[i]);
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
    if (!items_) items_ = Counted<std::vector<T>>(std::vector<T>());
    return items_.own();
  }
  Counted<std::vector<T>> items_;
};

}  // namespace pgstrata::model
