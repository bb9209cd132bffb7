#include "audit/key_history.hpp"

#include <algorithm>
#include <utility>

#include "audit/note_read.hpp"

namespace portcullis::audit {

void KeyHistory::see(const EntryFacts& entry, std::string_view name) {
  name_ = name;
  if (entry.type == EntryType::segment) see_segment(*entry.declaration);
  if (entry.type == EntryType::open) see_open(*entry.declaration);
  if (entry.type == EntryType::key) see_change(*entry.declaration);
}

void KeyHistory::see_segment(const Declaration& said) {
  const bool is_cut = std::exchange(is_cut_, false);
  if (!said.names_key) {
    if (now_) wrong("the segment names no key, and one is in force: " + now_->text);
    return;
  }
  auto told = key_of(said.key);
  if (is_in_force(told)) return;
  if (is_cut && told) return adopt(std::move(told));
  wrong(told ? "the segment names another key than the one in force before it, " +
                   (now_ ? now_->text : std::string("which is none"))
             : "\"key\" of the segment is no public key of this log");
  adopt(std::move(told));
}

void KeyHistory::see_open(const Declaration& said) {
  if (!said.names_key) {
    if (now_) wrong("the gate started without the key in force, " + now_->text + ", and no entry ended that");
    return;
  }
  auto told = key_of(said.key);
  if (is_in_force(told)) return;
  if (!told) {
    wrong("\"key\" of the start is no public key of this log");
  } else if (now_) {
    wrong("the gate started with another key, and no entry \"key\" put it in force behind " + now_->text);
  }
  adopt(std::move(told));
}

void KeyHistory::see_change(const Declaration& said) {
  const auto old = key_of(said.old_key);
  auto next = key_of(said.new_key);
  const bool follows = is_in_force(old);
  if (!old || !next) {
    wrong("\"old\" or \"new\" is no public key of this log");
  } else if (!now_) {
    wrong("a key is replaced, and none is in force");
  } else if (!follows) {
    wrong("a key is replaced that is not in force: that is " + now_->text);
  }
  if (old) owe(old->key);
  if (next && follows) next->trusted = next->trusted || now_->trusted;
  adopt(std::move(next));
}

std::optional<KeyHistory::InForce> KeyHistory::key_of(const std::string& text) const {
  auto key = read_vkey(text);
  if (!key || key->name != name_) return std::nullopt;
  const bool given = std::find(given_.begin(), given_.end(), *key) != given_.end();
  return InForce{std::move(*key), text, given};
}

bool KeyHistory::is_in_force(const std::optional<InForce>& key) const {
  return key && now_ && key->key == now_->key;
}

// No note has more signatures than kMostSignatures: above that, no note can have all of them anyway.
void KeyHistory::owe(const VerifierKey& old) {
  if (owed_.size() > kMostSignatures || std::find(owed_.begin(), owed_.end(), old) != owed_.end()) return;
  owed_.push_back(old);
}

void KeyHistory::adopt(std::optional<InForce> key) {
  if (!key) return;
  now_ = std::move(key);
  changed_ = true;
}

}  // namespace portcullis::audit
