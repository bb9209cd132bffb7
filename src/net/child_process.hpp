// A program that runs beside the gate and never outlives it: it is told to quit in the moment the gate is
// gone, also by kill -9. Linux.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::net {

// An account of the operating system.
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};
// 22023 when there is none of that name.
[[nodiscard]] base::Result<Account> account_named(const std::string& name);

struct Program {
  std::filesystem::path file;
  std::vector<std::string> arguments{};  // without the program's name
  std::vector<std::string>
      environment{};                   // "NAME=value", and nothing else: nothing of the gate's own goes along
  std::filesystem::path folder = "/";  // that it works in
  std::string input{};                 // what it reads from standard input
  std::filesystem::path output{};      // a file that takes what it says, out and err; empty: nobody reads it
  std::optional<Account> account{};    // that it runs as; only root can say so
  bool leads_group = false;            // what it has started is killed with it, and where it fails
};

class ChildProcess {
 public:
  // 58030 with what the system says when it cannot be started. To be called on a thread that lives as long as
  // the program: Linux takes the end of the thread for that of the gate.
  [[nodiscard]] static base::Result<ChildProcess> start(const Program& program);
  ChildProcess(ChildProcess&& other) noexcept
      : id_(std::exchange(other.id_, 0)),
        leads_group_(other.leads_group_),
        status_(std::exchange(other.status_, std::nullopt)) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  // Kills it where it still runs.
  ~ChildProcess();

  // How it ended, 128 and the signal's number where one ended it; nothing where it runs on after `most`, or
  // the thread was told to give up.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds most, bool may_be_interrupted = false);
  void signal(int number) const noexcept;

 private:
  ChildProcess(pid_t id, bool leads_group) : id_(id), leads_group_(leads_group) {}
  [[nodiscard]] bool has_ended();
  pid_t id_ = 0;
  bool leads_group_ = false;
  std::optional<int> status_{};
};

// Runs it to its end. 58030 when it cannot be started, does not end within `most` (then it is killed), or
// ends with another status than 0: with the last lines of its output.
[[nodiscard]] base::Result<void> run_program(const Program& program, std::chrono::milliseconds most);
// The last lines of a file, for an error message.
[[nodiscard]] std::string last_lines(const std::filesystem::path& file);

}  // namespace portcullis::net
