// What a line says, read strictly: canonical form, the fields that its type must and may have, and nothing
// else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/hash.hpp"
#include "audit/json_line.hpp"

namespace portcullis::audit {

enum class EntryType : std::uint8_t {
  segment,
  open,
  recovered,
  close,
  heartbeat,
  session,
  decision,
  outcome,
  policy,
  config,
  dry_run,
  key,
  counted,
  anchor,
  erase,
  hold,
  read,
  export_,
  prune,
};
[[nodiscard]] std::string_view to_text(EntryType type) noexcept;
[[nodiscard]] std::optional<EntryType> entry_type(std::string_view name) noexcept;

// The text that stands in an object under `key`, or as base64 under "<key>_base64", as its bytes; empty where
// there is none.
[[nodiscard]] std::string text_of(const JsonLine& json, const JsonLine::Value& object, std::string_view key);

// The fields that every entry has.
enum class CommonField : std::uint8_t { origin, batch, seal, index, previous, type, time, none };

struct ReadProblem {
  std::string check;  // "bytes", "canonical", "fields": as Finding::check
  std::string message;
  bool truncated = false;  // the line is the beginning of something longer
};

// Keeps its memory from one line to the next.
class EntryReader {
 public:
  // Nothing when the line is a well-formed entry; until the next call the getters tell what it says. `line`
  // must outlive their use. `due` may be the hash of the line before, as text: where the line says just that,
  // its form needs no look.
  [[nodiscard]] std::optional<ReadProblem> read(std::string_view line, std::string_view due = {});

  // The same with every check in its slow form: what the quick ones are tested against.
  [[nodiscard]] std::optional<ReadProblem> read_carefully(std::string_view line);

  [[nodiscard]] std::string_view line() const noexcept { return line_; }
  [[nodiscard]] EntryType type() const noexcept { return type_; }
  [[nodiscard]] std::string_view origin() const noexcept { return origin_; }
  [[nodiscard]] std::uint64_t index() const noexcept { return index_; }
  [[nodiscard]] std::uint64_t batch() const noexcept { return batch_; }
  [[nodiscard]] bool ends_batch() const noexcept {
    return common_[static_cast<std::size_t>(CommonField::seal)] != nullptr;
  }
  // Whether what "e" says of the line is true. Only where ends_batch().
  [[nodiscard]] bool seal_holds() const;
  [[nodiscard]] std::string_view previous() const noexcept { return previous_; }
  [[nodiscard]] std::int64_t micros() const noexcept { return micros_; }  // since 1970, UTC

  // A field of the entry itself: empty or nothing when it is absent. Text kept as base64 comes back as its
  // bytes.
  [[nodiscard]] std::string text(std::string_view key) const;
  // The same where it stands in the line as it is, without escapes and not as base64; else nothing. As long
  // as the line.
  [[nodiscard]] std::optional<std::string_view> plain_text(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const;
  // Of a field that is an array of hashes.
  [[nodiscard]] std::vector<Hash> hashes(std::string_view key) const;
  // Under which key fields of it are encrypted: nothing unless the entry has such fields.
  struct SealingKey {
    std::uint64_t epoch = 0, slot = 0;
  };
  [[nodiscard]] std::optional<SealingKey> sealing_key() const;
  // The same with what is encrypted.
  struct SealedFields : SealingKey {
    struct Field {
      std::string_view name, commitment, box;  // as they stand there
    };
    std::vector<Field> fields{};
    [[nodiscard]] const Field* find(std::string_view name) const noexcept;
  };
  [[nodiscard]] std::optional<SealedFields> sealed() const;
  [[nodiscard]] bool has(std::string_view key) const { return json_.find(json_.root(), key) != nullptr; }
  [[nodiscard]] const JsonLine& json() const noexcept { return json_; }
  // The text that stands under `key`, or under "<key>_base64", of any object in the entry.
  [[nodiscard]] std::string text(const JsonLine::Value& object, std::string_view key) const;

 private:
  [[nodiscard]] std::optional<ReadProblem> parse(std::string_view line);
  [[nodiscard]] bool read_quickly(std::string_view due);
  void take_common();
  [[nodiscard]] std::optional<ReadProblem> read_common();
  [[nodiscard]] std::optional<ReadProblem> check_fields() const;
  [[nodiscard]] bool has_text(std::string_view key) const;
  [[nodiscard]] bool says_what_is_erased() const;

  [[nodiscard]] const JsonLine::Value& common(CommonField field) const {
    return *common_[static_cast<std::size_t>(field)];
  }

  [[nodiscard]] std::string_view seal() const { return json_.raw(common(CommonField::seal)); }

  JsonLine json_;
  // By CommonField, with one for `none`. Of the one that may be absent, nothing.
  std::array<const JsonLine::Value*, 8> common_{};
  std::string_view line_, origin_, previous_;
  EntryType type_ = EntryType::segment;
  std::uint64_t index_ = 0, batch_ = 0;
  std::int64_t micros_ = 0;
};

}  // namespace portcullis::audit
