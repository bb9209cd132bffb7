// Makes the shadow: a copy of a database's structure in a server of its own. Production is asked for its
// catalog and dumped with pg_dump, which takes ACCESS SHARE locks and gives up when it has to wait for one;
// no row of it is read.
//
// Everything here blocks, a few seconds for build(), and belongs on one thread that lives as long as the
// shadow.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/given_server.hpp"
#include "net/shadow_connection.hpp"
#include "net/sidecar.hpp"
#include "shadow/dry_run.hpp"
#include "shadow/safer_form.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::net {

class ThrowAway;

struct ShadowOptions {
  UpstreamAddress production;
  ServerLogin login;       // LOGIN, and SELECT on what is dumped: pg_dump locks what it reads
  SidecarOptions sidecar;  // of production's major version
  std::optional<GivenServerOptions> given{};      // the server of the copy; nothing: a sidecar
  std::filesystem::path dump_programs;            // the folder of pg_dump and pg_restore
  std::chrono::milliseconds lock_timeout{2'000};  // of pg_dump
};

class Shadow {
 public:
  // 08001, 58030 or what production said, with what to do. A shadow that lacks something is one all the same:
  // see left_out().
  // `prepared`: a sidecar that was prepared before, to be quick; null: one is made.
  [[nodiscard]] static base::Result<std::unique_ptr<Shadow>> build(
      const ShadowOptions& options, std::unique_ptr<Sidecar> prepared = nullptr);

  // Runs the statement as a role of production's, which it logs in as; `plan.role` stays empty: where each
  // table has a made-up row, and if it fails by that, where there are none. 28000 when there is no such role.
  // What runs outside transactions does so in a copy of its own, which takes some tenths of a second.
  [[nodiscard]] base::Result<shadow::RunFacts> try_out(const std::string& role, shadow::RunPlan plan);

  // Whether rows of production's may be given to try_out_on(). 0A000.
  [[nodiscard]] base::Result<void> takes_rows() const;
  // The same of an UPDATE or DELETE, in a copy that is thrown away and has these rows of production's instead
  // of made-up ones; `parents` reads those that its new keys refer to. What it fails by is told without their
  // values. 0A000: the copy cannot take them, or they change otherwise there.
  using ParentReading = std::function<base::Result<shadow::TableRows>(const shadow::TargetReference&,
                                                                      const std::vector<shadow::Row>& keys)>;
  [[nodiscard]] base::Result<shadow::RunFacts> try_out_on(const std::string& role,
                                                          const shadow::RunPlan& plan,
                                                          const shadow::TargetQuestion& question,
                                                          const shadow::TargetRows& rows,
                                                          const ParentReading& parents);

  // Runs each step behind those before it, and keeps what it has shown; `plan` is that of the statement which
  // the form is of.
  void try_out(const std::string& role, const shadow::RunPlan& plan, shadow::SaferForm& form);

  // Its server runs, and nothing is left in it of a statement.
  [[nodiscard]] bool running() { return !is_spoilt_ && server_->running(); }
  // What the next one's server is best made with.
  [[nodiscard]] const SidecarOptions& sidecar_options() const noexcept { return options_.sidecar; }

  // What a session of the role begins with there, as RunPlan::settings.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> settings_of(const std::string& role) const;

  // What production has and the copy has not, in words. While there is any a statement that fails here may
  // work there, and the other way round.
  [[nodiscard]] const std::vector<std::string>& left_out() const noexcept { return left_out_; }
  // Tables that no made-up row could be made for.
  [[nodiscard]] const std::vector<std::string>& without_row() const noexcept { return without_row_; }
  [[nodiscard]] int server_version() const noexcept { return server_version_; }

 private:
  using Rows = std::vector<shadow::Row>;
  // One database of the copy.
  struct Copy {
    std::string database;
    shadow::Baseline baseline;
    std::map<std::string, std::unique_ptr<ShadowConnection>>
        connections;  // by role; as they were when they began
  };

  explicit Shadow(const ShadowOptions& options) : options_(options) {}
  [[nodiscard]] base::Result<void> ask_production();
  [[nodiscard]] base::Result<void> open_server();
  [[nodiscard]] base::Result<void> find_programs();
  [[nodiscard]] base::Result<std::unique_ptr<ShadowServer>> prepare_server();
  [[nodiscard]] base::Result<void> make_roles();
  [[nodiscard]] std::string membership_of_admin(const std::string& role) const;
  void make_role(const shadow::Row& row, std::vector<std::string>& sql);
  [[nodiscard]] base::Result<void> make_database();
  [[nodiscard]] base::Result<void> dump();
  [[nodiscard]] base::Result<void> restore();
  [[nodiscard]] base::Result<void> make_rowless();
  [[nodiscard]] base::Result<void> make_rows();
  [[nodiscard]] base::Result<void> fill();
  [[nodiscard]] base::Result<void> give_to_owners();
  [[nodiscard]] base::Result<void> give_to_owners(const std::string& database);
  [[nodiscard]] base::Result<void> look();
  [[nodiscard]] base::Result<void> check_room() const;
  [[nodiscard]] base::Result<void> make_room();
  void leave_out(const std::string& what, const base::Error& error);
  [[nodiscard]] base::Result<std::unique_ptr<ShadowConnection>> log_in(const std::string& role,
                                                                       const std::string& database);
  void end_sessions(const Copy& copy, const std::string& role);
  [[nodiscard]] base::Result<std::vector<shadow::Script::Failed>> run_others(
      const Copy& copy, const std::vector<std::string>& statements);
  using Attempt = base::Result<void> (Shadow::*)(Copy& copy, const std::string& role,
                                                 const shadow::RunPlan& plan, shadow::RunFacts& facts);
  [[nodiscard]] base::Result<shadow::RunFacts> try_out(Attempt attempt, const std::string& role,
                                                       const shadow::RunPlan& plan);
  [[nodiscard]] base::Result<void> run_inside(Copy& copy, const std::string& role,
                                              const shadow::RunPlan& plan, shadow::RunFacts& facts);
  [[nodiscard]] base::Result<void> run_outside(Copy& copy, const std::string& role,
                                               const shadow::RunPlan& plan, shadow::RunFacts& facts);

  using InThrowAway = std::function<base::Result<void>(ThrowAway& made)>;
  [[nodiscard]] base::Result<void> with_throw_away(Copy& copy, const InThrowAway& work);
  [[nodiscard]] base::Result<void> load(const ThrowAway& made, const std::vector<shadow::TableName>& emptied,
                                        const std::vector<shadow::TableRows>& tables);
  struct WantedKeys {
    std::vector<std::pair<const shadow::TargetReference*, Rows>> keys;
    std::string why;  // they are not known
  };
  [[nodiscard]] base::Result<WantedKeys> look_at_keys(const ThrowAway& made, const std::string& role,
                                                      const shadow::RunPlan& plan,
                                                      const shadow::TargetRows& rows);
  [[nodiscard]] base::Result<std::string> load_parents(const ThrowAway& made, const std::string& role,
                                                       const shadow::RunPlan& plan,
                                                       const shadow::TargetRows& rows,
                                                       const ParentReading& parents);

  [[nodiscard]] base::Result<void> run(const ServerLogin& login, const std::vector<std::string>& statements,
                                       const std::string& what);
  [[nodiscard]] ServerLogin builder(const std::string& database) const;
  [[nodiscard]] Program tool(const std::string& name, const UpstreamAddress& address,
                             const ServerLogin& login) const;
  [[nodiscard]] std::filesystem::path file(const std::string& name) const;

  ShadowOptions options_;
  std::unique_ptr<Sidecar> prepared_;
  std::unique_ptr<ShadowServer> server_;
  std::string password_;  // of every role there
  int server_version_ = 0;

  struct Production {
    Rows roles, memberships, database, schemas, extensions, wide_publications, sequences, owners,
        bootstrap_owner, privileges, schema_privileges, materialized_views, system;
  } production_;
  std::vector<std::string> left_out_, without_row_;
  std::chrono::milliseconds patience_{15'000};  // with what takes too long while the copy is made
  Rows settings_;
  Copy with_rows_, rowless_;
  std::size_t thrown_away_ = 0;  // how many databases
  bool is_spoilt_ = false;
};

}  // namespace portcullis::net
