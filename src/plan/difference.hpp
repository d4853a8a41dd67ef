// What one version has and another does not, told by physical names.
#pragma once

#include <algorithm>
#include <vector>

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

}  // namespace pgstrata::plan
