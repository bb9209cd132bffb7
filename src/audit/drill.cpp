#include "audit/drill.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>

#include "audit/read.hpp"
#include "audit/tree.hpp"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;

// Mode 0700, and gone with all that is in it.
class Scratch {
 public:
  Scratch() {
    std::error_code failed;
    std::string name = (fs::temp_directory_path(failed) / "portcullis-drill-XXXXXX").string();
    if (!failed && ::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  // Empty where it could not be made.
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// What is said of the log as a whole comes with other numbers once it is altered, and is no other finding for
// it; that nobody signs it any more is.
bool is_same(const Finding& a, const Finding& b, bool is_signed_alike) {
  if (a.check != b.check || a.file != b.file) return false;
  return a.file.empty() ? is_signed_alike : a.index == b.index && a.message == b.message;
}

// The first finding by a check that is there for the attack, which the log did not have before.
const Finding* find(const VerifyReport& report, const VerifyReport& before, const Attack& attack) {
  const bool is_signed_alike = report.key.empty() == before.key.empty();
  const auto counts = [&](const Finding& finding) {
    const auto known = std::any_of(before.findings.begin(), before.findings.end(), [&](const Finding& old) {
      return is_same(old, finding, is_signed_alike);
    });
    return !known &&
           std::find(attack.checks.begin(), attack.checks.end(), finding.check) != attack.checks.end();
  };
  const auto found = std::find_if(report.findings.begin(), report.findings.end(), counts);
  return found == report.findings.end() ? nullptr : &*found;
}

base::Result<Hash> root_at(const fs::path& directory, std::uint64_t size) {
  Frontier tree;
  EntryFilter wanted;
  wanted.to = size - 1;
  const auto read = for_each_entry(directory, wanted, [&](const EntryReader& entry) {
    if (tree.size() == 0 && entry.index() > 0) {
      if (auto begun = Frontier::from(entry.index(), entry.hashes("frontier"))) tree = std::move(*begun);
    }
    tree.append(leaf_hash(entry.line()));
    return true;
  });
  if (!read) return read.error();
  return tree.root();
}

base::Error stopped() {
  return {.code = base::sqlstate::query_canceled,
          .message = "the drill was stopped, and its copies are removed: run it again"};
}

// From the size that signatures reach, so that what is changed below is found by them.
std::uint64_t reach_of(const Protection& protection) {
  if (protection.covered == 0) return UINT64_MAX;
  return protection.anchored == 0 ? protection.covered : std::min(protection.covered, protection.anchored);
}

class Drill {
 public:
  Drill(const DrillOptions& options, const fs::path& scratch)
      : options_(options), scratch_(scratch), original_(scratch / "log"), altered_(scratch / "altered") {}

  base::Result<std::vector<DrilledAttack>> run(const fs::path& directory) {
    // As it is now: the gate may go on writing.
    if (const auto copied = forge(directory, original_, {}); !copied) return copied.error();
    before_ = verify(original_, options_.evidence);
    if (before_.result == VerifyResult::tampered) {
      return base::Error{
          base::sqlstate::invalid_parameter_value,
          "the log \"" + directory.string() +
              "\" is found tampered with as it is, so a drill would show nothing: run portcullis "
              "audit verify"};
    }
    protection_ = {before_.key.empty() ? 0 : before_.covered, before_.anchored, before_.key_is_trusted};
    const auto log = survey(original_, reach_of(protection_));
    if (!log) return log.error();
    auto key = SigningKey::generate();
    if (!key) return key.error();
    key_ = std::make_unique<NamedKey>(NamedKey{log->origin, std::move(*key)});
    return attack(attacks_on(*log, protection_, *key_));
  }

 private:
  [[nodiscard]] VerifyReport verify(const fs::path& directory, const VerifyOptions& evidence) const {
    return options_.verify ? options_.verify(directory, evidence) : audit::verify(directory, evidence);
  }

  base::Result<std::vector<DrilledAttack>> attack(const std::vector<Attack>& attacks) {
    std::vector<DrilledAttack> drilled;
    for (const Attack& attack : attacks) {
      if (options_.is_stopped && options_.is_stopped()) return stopped();
      if (options_.progress) options_.progress(drilled.size(), attacks.size());
      DrilledAttack one{std::string(attack.what), std::string(attack.how), attack.needs};
      if (attack.forgery) {
        if (const auto made = make(attack, one); !made) return made.error();
      }
      drilled.push_back(std::move(one));
    }
    return drilled;
  }

  base::Result<void> make(const Attack& attack, DrilledAttack& drilled) {
    if (const auto forged = forge(original_, altered_, *attack.forgery); !forged) return forged;
    if (attack.judged == Judged::as_given) {
      judge(attack, verify(altered_, options_.evidence), before_, drilled);
    } else if (const auto judged = judge_rekeyed(attack, drilled); !judged) {
      return judged;
    }
    return remove(altered_);
  }

  // Both logs are signed by the drill's key. What the one is anchored by is held against the other.
  base::Result<void> judge_rekeyed(const Attack& attack, DrilledAttack& drilled) {
    const fs::path honest = scratch_ / "honest";
    Forgery same;
    same.remade = true;
    same.signer = key_.get();
    if (const auto forged = forge(original_, honest, same); !forged) return forged;
    const bool is_stolen = attack.judged == Judged::rekeyed;
    const auto evidence = anchored_by(is_stolen ? honest : altered_);
    if (!evidence) return evidence.error();
    const auto own = anchored_by(honest);
    if (!own) return own.error();
    judge(attack, verify(is_stolen ? altered_ : honest, *evidence), verify(honest, *own), drilled);
    return remove(honest);
  }

  // The drill's key, and where the log is anchored, a note of this copy at the same size.
  base::Result<VerifyOptions> anchored_by(const fs::path& copy) {
    auto key = read_vkey(vkey_text(key_->name, key_->key.public_key()));
    if (!key) return key.error();
    VerifyOptions evidence{{std::move(*key)}, {}};
    if (protection_.anchored == 0) return evidence;
    const auto root = root_at(copy, protection_.anchored);
    if (!root) return root.error();
    const NamedKey* const keys[] = {key_.get()};
    const auto note = signed_note(key_->name, {protection_.anchored, *root}, keys);
    if (!note) return note.error();
    evidence.anchors.push_back(scratch_ / (copy.filename().string() + ".anchor"));
    std::ofstream out(evidence.anchors.back(), std::ios::binary | std::ios::trunc);
    out << *note;
    out.close();
    if (!out)
      return base::Error{base::sqlstate::io_error,
                         "cannot write \"" + evidence.anchors.back().string() + "\""};
    return evidence;
  }

  void judge(const Attack& attack, const VerifyReport& report, const VerifyReport& before,
             DrilledAttack& drilled) const {
    const Finding* finding = find(report, before, attack);
    if (finding != nullptr) drilled.finding = *finding;
    drilled.result = finding != nullptr        ? DrillResult::found
                     : must_find(attack.needs) ? DrillResult::missed
                                               : DrillResult::not_found;
  }

  static base::Result<void> remove(const fs::path& directory) {
    std::error_code failed;
    fs::remove_all(directory, failed);
    if (failed) return base::Error{base::sqlstate::io_error, "cannot remove \"" + directory.string() + "\""};
    return {};
  }

  [[nodiscard]] bool must_find(Needs needs) const {
    switch (needs) {
      case Needs::nothing: return true;
      case Needs::notes: return protection_.covered > 0;
      case Needs::key: return protection_.has_key;
      case Needs::anchor: return protection_.anchored > 0;
      case Needs::impossible: return false;
    }
    return true;
  }

  const DrillOptions& options_;
  const fs::path scratch_, original_, altered_;
  VerifyReport before_;
  Protection protection_;
  std::unique_ptr<NamedKey> key_;  // not the log's
};

}  // namespace

base::Result<std::vector<DrilledAttack>> drill(const fs::path& directory, const DrillOptions& options) {
  const Scratch scratch;
  if (scratch.path().empty()) {
    return base::Error{
        base::sqlstate::io_error,
        "cannot make a temporary folder: set TMPDIR to one that has room for the log three times"};
  }
  return Drill(options, scratch.path()).run(directory);
}

}  // namespace portcullis::audit
