// What judging an effect again will need beside what a decision says of it, for the record.
#pragma once

#include "portcullis/audit/record.hpp"
#include "portcullis/catalog/resolution.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/policy/decision.hpp"

namespace portcullis::session {

// What conditions, protections and lists look at, and no text of the statement but names and the few settings
// whose value decides. `snapshot` is that of the resolution; null: it has none. Read back by replay/rebuild.
[[nodiscard]] audit::EffectTraits traits_of(const catalog::ResolvedEffect& resolved,
                                            const catalog::Snapshot* snapshot);

// The effect with what was decided of it. `resolution` is what was decided on; null: it is not known, and
// neither are the traits.
[[nodiscard]] audit::EffectRecord effect_record(const policy::EffectDecision& effect,
                                                const catalog::Resolution* resolution,
                                                const catalog::Snapshot* snapshot);

}  // namespace portcullis::session
