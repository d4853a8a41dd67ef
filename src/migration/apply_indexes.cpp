// create_index and drop_index on the draft.
#include <cctype>

#include "migration/apply_parts.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::migration {
namespace {

// "fillfactor = 70, fastupdate = off" as reloptions prints them: fillfactor=70.
std::vector<std::string> storage_options(const Text& text) {
  std::vector<std::string> options;
  std::string option;
  auto finish = [&] {
    if (option.empty()) return;
    if (option.find('=') == std::string::npos)
      refuse("bad-storage-parameters", "storage parameter \"" + option + "\" has no value", text.at,
             "write it as name = value, separated by commas");
    options.push_back(option);
    option.clear();
  };
  for (char c : text.value) {
    if (c == ',')
      finish();
    else if (c != ' ' && c != '\t' && c != '\n')
      option += c;
  }
  finish();
  for (auto& each : options)
    for (char c : each)
      if (!std::isalnum(static_cast<unsigned char>(c)) &&
          std::string("_=.-'").find(c) == std::string::npos)
        refuse("bad-storage-parameters",
               "storage parameter \"" + each + "\" is not of the form name = value", text.at);
  return options;
}

}  // namespace

void apply(const CreateIndex& operation, const Location&, Draft& draft) {
  for (const Text& key : operation.unsupported)
    refuse_unsupported("'" + key.value + "' of create_index", key.at);
  DraftTable& table = draft.table(operation.table.value, operation.table.at.str());
  model::Index index;
  index.name = operation.name.value;
  index.method = operation.method;
  index.unique = operation.unique;
  for (const IndexColumn& column : operation.columns) {
    draft.column(table, column.column.value, column.column.at.str());
    model::IndexKey key;
    key.column = column.column.value;
    if (column.collate)
      key.collation = draft.binder().collation(column.collate->value, column.collate->at.str());
    if (column.opclass)
      key.opclass = draft.binder().operator_class(column.opclass->value, operation.method,
                                                  column.opclass->at.str());
    key.descending = column.descending;
    key.nulls_first = column.nulls_first.value_or(column.descending);
    index.keys.push_back(std::move(key));
  }
  if (operation.predicate)
    index.predicate = bind_text(draft, table, *operation.predicate, "boolean");
  if (operation.storage_parameters) index.options = storage_options(*operation.storage_parameters);
  draft.add_index(table, std::move(index), operation.name.at.str());
}

void apply(const DropIndex& operation, const Location&, Draft& draft) {
  draft.drop_index(operation.name.value, operation.name.at.str());
}

}  // namespace pgstrata::migration
