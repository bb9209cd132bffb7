#include "audit/entry.hpp"
#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

void append_frontier(std::string& out, std::span<const Hash> frontier) {
  out.append(",\"frontier\":");
  ArrayWriter array(out);
  for (const Hash& hash : frontier) array.text(to_text(hash));
  array.end();
}

}  // namespace

void append_line(std::string& out, const Draft& draft, const Stamp& stamp) {
  const std::string_view body = draft.body;
  const auto& at = draft.slots.at;
  const std::size_t begin = out.size();
  std::size_t seal = 0;
  if (draft.sequence_at != 0) {
    out.append(body.substr(0, draft.sequence_at));
    append_number(out, static_cast<std::int64_t>(stamp.agent_sequence));
  }
  out.append(body.substr(draft.sequence_at, at[0] - draft.sequence_at)).append(",\"b\":");
  append_number(out, static_cast<std::int64_t>(stamp.batch));
  out.append(body.substr(at[0], at[1] - at[0]));
  if (stamp.ends_batch) {
    out.append(",\"e\":\"");
    seal = out.size();
    out += '"';
  }
  out.append(body.substr(at[1], at[2] - at[1]));
  if (draft.begins_segment) append_frontier(out, stamp.frontier);
  out.append(",\"i\":");
  append_number(out, static_cast<std::int64_t>(stamp.index));
  out.append(body.substr(at[2], at[3] - at[2])).append(",\"prev\":\"");
  append_text(out, stamp.previous);
  out += '"';
  out.append(body.substr(at[3]));
  if (!stamp.ends_batch) return;
  const std::string_view line = std::string_view(out).substr(begin);
  out.insert(seal, batch_seal(line.substr(0, seal - begin), line.substr(seal - begin)));
}

}  // namespace portcullis::audit
