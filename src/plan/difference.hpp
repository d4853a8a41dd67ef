// What one version has and another does not, told by physical names.
#pragma once

#include <algorithm>
#include <vector>

#include "model/shared.hpp"

namespace pgstrata::plan {

template <typename Element>
std::vector<const Element*> without(const std::vector<Element>& elements,
                                    const std::vector<Element>& others) {
  std::vector<const Element*> found;
  for (const Element& element : elements)
    if (std::none_of(others.begin(), others.end(),
                     [&](const Element& other) { return other.physical == element.physical; }))
      found.push_back(&element);
  return found;
}

template <typename Element>
std::vector<const Element*> without(const model::List<Element>& elements,
                                    const model::List<Element>& others) {
  if (elements.shares(others)) return {};
  return without<Element>(static_cast<const std::vector<Element>&>(elements), others);
}

}  // namespace pgstrata::plan
