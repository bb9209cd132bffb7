// What of an entry is the text of a statement, or a value in it: the one place that knows where it stands,
// for whoever reads for people. Where texts are not kept, all of it is empty; where they are sealed, it is
// opened with `keys`, and where it cannot be, or there are none, in brackets why: "[sealed]", "[erased]".
#pragma once

#include <string>
#include <vector>

#include "audit/entry_reader.hpp"

namespace portcullis::audit {

class Unsealer;

// Of a decision: the statement as it was sent. A Bind has none; its `statement` names the entry that has.
[[nodiscard]] std::string statement_text(const EntryReader& decision, Unsealer* keys = nullptr);

// Of a decision, in order: a text, "\x" and hexadecimal digits, "(7 bytes)" of what only has a length,
// "NULL".
[[nodiscard]] std::vector<std::string> parameter_texts(const EntryReader& decision, Unsealer* keys = nullptr);

// Of a decision: what the agent said that it was for.
[[nodiscard]] std::string stated_reason(const EntryReader& decision, Unsealer* keys = nullptr);

// Of a decision: what the agent was told, or would have been.
[[nodiscard]] std::string refusal_reason(const EntryReader& decision, Unsealer* keys = nullptr);

}  // namespace portcullis::audit
