#include <algorithm>
#include <set>

#include "shadow/forecast_parts.hpp"

namespace portcullis::shadow {
namespace {

constexpr std::size_t kMostLines = 20;  // of one kind

std::string age_in_words(std::chrono::milliseconds age) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  return seconds == 0 ? "under 1 s" : std::to_string(seconds) + " s";
}

std::string who(const LockHolder& holder) {
  std::string text = "pid " + std::to_string(holder.pid);
  if (holder.pid == 0) text = "a prepared transaction";
  if (!holder.prepared.empty()) text += " \"" + holder.prepared + "\"";
  if (holder.user) return text + " (" + *holder.user + ")";
  return text + (holder.type ? " (" + *holder.type + ")" : "");
}

std::string what_it_does(const LockHolder& holder) {
  if (holder.prevents_wraparound) return "to prevent wraparound, for which it does not give way";
  if (holder.type == "autovacuum worker") return "and gives way to others after deadlock_timeout";
  if (holder.pid == 0) return "until somebody commits it or rolls it back";
  if (!holder.state) return "and what it does is not shown to this login (pg_read_all_stats shows it)";
  return *holder.state;
}

std::string wait_for(const LockHolder& holder, const std::string& relation) {
  std::string text =
      "would wait for " + who(holder) + ", which " + (holder.is_granted ? "holds " : "awaits ");
  text.append(sql::name(holder.mode)).append(" on ").append(relation);
  if (holder.age) text += " in a transaction of " + age_in_words(*holder.age);
  return text.append(", ").append(what_it_does(holder));
}

// Who holds locks on a table holds them on its indexes too.
void tell_waits(const Forecast& forecast, std::vector<std::string>& lines) {
  std::set<std::string> told;
  std::uint64_t more = 0;
  for (const auto& relation : forecast.relations) {
    for (const auto& holder : relation.holders) {
      if (!told.insert(who(holder)).second) continue;
      if (lines.size() < kMostLines) {
        lines.push_back(wait_for(holder, qualified(relation)));
      } else {
        ++more;
      }
    }
    if (!is_index(relation.kind)) more += relation.in_the_way - relation.holders.size();
  }
  if (more > 0) lines.push_back("would wait for " + std::to_string(more) + " more");
}

void tell_unknown(const Forecast& forecast, std::vector<std::string>& lines) {
  std::size_t unknown = 0;
  for (const auto& relation : forecast.relations) {
    if (relation.is_found || ++unknown > kMostLines) continue;
    lines.push_back("who has locks on " + qualified(relation) +
                    " and how large it is, is unknown: the database did not show it");
  }
  if (unknown > kMostLines) lines.push_back("and so of " + std::to_string(unknown - kMostLines) + " more");
}

bool is_barred_by_its_table(const RelationForecast& index, const Forecast& forecast) {
  if (!index.is_found) return false;
  return std::any_of(forecast.relations.begin(), forecast.relations.end(), [&](const auto& one) {
    return one.is_found && !is_index(one.kind) && one.table == index.table && one.barred >= index.barred;
  });
}

std::string barred_words(const RelationForecast& relation) {
  std::string text = "while it waits and runs, ";
  text.append(name(relation.barred)).append(" of ").append(qualified(relation)).append(" wait for it");
  if (!relation.is_found) return text;
  return text + " (" + std::to_string(relation.sessions) +
         (relation.sessions == 1 ? " session has" : " sessions have") + " locks on it now)";
}

void tell_barred(const Forecast& forecast, std::vector<std::string>& lines) {
  std::size_t count = 0;
  for (const auto& relation : forecast.relations) {
    if (relation.barred < Barred::schema_changes) continue;
    if (is_index(relation.kind) && is_barred_by_its_table(relation, forecast)) continue;
    if (++count <= kMostLines) lines.push_back(barred_words(relation));
  }
  if (count > kMostLines) lines.push_back("and so of " + std::to_string(count - kMostLines) + " more");
}

}  // namespace

std::vector<std::string> in_words(const Forecast& forecast) {
  std::vector<std::string> lines;
  tell_waits(forecast, lines);
  if (lines.empty() && std::all_of(forecast.relations.begin(), forecast.relations.end(),
                                   [](const auto& one) { return one.is_found; }))
    lines.emplace_back("would wait for nobody at this moment");
  tell_unknown(forecast, lines);
  tell_barred(forecast, lines);
  if (forecast.duration) {
    lines.push_back("would take " + std::string(name(*forecast.duration)) +
                    " once it has its locks, an estimate: it " + forecast.basis);
  } else {
    lines.push_back("how long it would take is unknown: " + forecast.basis);
  }
  return lines;
}

}  // namespace portcullis::shadow
