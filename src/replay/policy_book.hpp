// The policies of a log, by their hash: by which its decisions were made.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "audit/entry_reader.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::replay {

class PolicyBook {
 public:
  // Of an entry of the type "policy". One that this version cannot load is passed over.
  void take(const audit::EntryReader& entry);
  // Null: the log has none of that hash, or one that does not load.
  [[nodiscard]] const policy::PolicySet* find(std::string_view hash) const;

 private:
  std::map<std::string, std::shared_ptr<const policy::PolicySet>, std::less<>> policies_;
};

}  // namespace portcullis::replay
