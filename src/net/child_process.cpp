#include "net/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/descriptor.hpp"
#include "base/file_limit.hpp"
#include "net/interruption.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;

namespace {

Error system_error(const std::string& what, int number) {
  return {base::sqlstate::io_error, what + ": " + std::strerror(number)};
}

// What a child needs, made before fork(): behind it only what is async-signal-safe may be called.
class Launch {
 public:
  // `input` is what it reads; -1: nothing.
  Launch(const Program& program, int input)
      : file_(program.file.string()),
        folder_(program.folder.string()),
        input_(input),
        output_(program.output.empty() ? "/dev/null" : program.output.string()),
        arguments_(program.arguments),
        environment_(program.environment),
        account_(program.account),
        leads_group_(program.leads_group),
        parent_(::getpid()) {
    argv_.push_back(file_.data());
    for (auto& argument : arguments_) argv_.push_back(argument.data());
    argv_.push_back(nullptr);
    for (auto& variable : environment_) envp_.push_back(variable.data());
    envp_.push_back(nullptr);
  }

  // Never returns. Only the failure is told, through `report`, which is closed when the program begins.
  [[noreturn]] void become_program(int report) {
    reset_signals();
    base::restore_file_limit();
    const bool is_ready = connect_streams() && (!leads_group_ || ::setpgid(0, 0) == 0) && leave_account() &&
                          die_with_parent() && ::chdir(folder_.c_str()) == 0;
    if (is_ready) {
      close_all_but_streams(report);
      ::execve(file_.c_str(), argv_.data(), envp_.data());
    }
    const int number = errno;
    (void)!::write(report, &number, sizeof number);
    ::_exit(127);
  }

 private:
  // The gate's threads block and ignore some.
  static void reset_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
  }
  [[nodiscard]] bool connect_streams() const {
    const int in = input_ >= 0 ? input_ : ::open("/dev/null", O_RDONLY);
    const int out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    return in >= 0 && out >= 0 && ::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(out, 2) == 2;
  }
  [[nodiscard]] bool leave_account() const {
    if (!account_) return true;
    return ::setgroups(0, nullptr) == 0 && ::setgid(account_->group) == 0 && ::setuid(account_->user) == 0;
  }
  // Behind setuid(), which takes it back.
  [[nodiscard]] bool die_with_parent() const {
    if (::prctl(PR_SET_PDEATHSIG, SIGQUIT) != 0) return false;
    if (::getppid() == parent_) return true;
    errno = ESRCH;
    return false;
  }
  // Files of the gate, its keys and sockets among them, are not the program's.
  static void close_all_but_streams(int report) {
    const long most = std::min(::sysconf(_SC_OPEN_MAX), 1L << 16);
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    for (int file = 3; file < most; ++file) {
      if (file != report) ::close(file);
    }
  }

  std::string file_, folder_;
  int input_;
  std::string output_;
  std::vector<std::string> arguments_, environment_;
  std::optional<Account> account_;
  bool leads_group_;
  pid_t parent_;
  std::vector<char*> argv_, envp_;
};

std::string quoted(const std::filesystem::path& file) {
  std::string text(1, '"');
  return text.append(file.string()).append(1, '"');
}

// To be read from the beginning.
bool give(const base::Descriptor& input, std::string_view content) {
  return input.is_open() && base::write_and_sync(input, content) == 0 &&
         ::lseek(input.get(), 0, SEEK_SET) == 0;
}

int status_of(int raw) {
  return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
}

}  // namespace

Result<Account> account_named(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::string buffer(16'384, '\0');
  (void)::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return Error{base::sqlstate::invalid_parameter_value,
                 "the operating system has no account \"" + name + "\": create it or name another one"};
  }
  return Account{found->pw_uid, found->pw_gid};
}

Result<ChildProcess> ChildProcess::start(const Program& program) {
  const base::Descriptor input(program.input.empty() ? -1 : ::memfd_create("input", MFD_CLOEXEC));
  if (!program.input.empty() && !give(input, program.input))
    return system_error("no input for " + quoted(program.file), errno);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return system_error("no pipe", errno);
  Launch launch(program, input.get());
  const pid_t id = ::fork();
  if (id == 0) launch.become_program(report[1]);
  const int fork_error = errno;
  ::close(report[1]);
  int number = 0;
  ssize_t told = -1;
  if (id > 0) {
    do told = ::read(report[0], &number, sizeof number);
    while (told < 0 && errno == EINTR);
  }
  ::close(report[0]);
  if (id < 0) return system_error("cannot start " + quoted(program.file), fork_error);
  ChildProcess child(id, program.leads_group);
  if (told != 0) return system_error("cannot start " + quoted(program.file), number);
  return child;
}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(leads_group_, other.leads_group_);
  std::swap(status_, other.status_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (id_ == 0 || status_) return;
  signal(SIGKILL);
  int raw = 0;
  while (::waitpid(id_, &raw, 0) < 0 && errno == EINTR) {
  }
}

// What a program that failed has started is told to end while its number is still taken: behind waitpid() the
// group could be another one's.
bool ChildProcess::has_ended() {
  siginfo_t ended{};
  const bool is_told = ::waitid(P_PID, static_cast<id_t>(id_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (!is_told || ended.si_pid != id_) return false;
  if (leads_group_ && (ended.si_code != CLD_EXITED || ended.si_status != 0)) signal(SIGKILL);
  int raw = 0;
  if (::waitpid(id_, &raw, WNOHANG) != id_) return false;
  status_ = status_of(raw);
  return true;
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds most, bool may_be_interrupted) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!status_ && !has_ended()) {
    if (std::chrono::steady_clock::now() >= end || (may_be_interrupted && Interruption::requested())) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return status_;
}

void ChildProcess::signal(int number) const noexcept {
  if (id_ != 0 && !status_) ::kill(leads_group_ ? -id_ : id_, number);
}

std::string last_lines(const std::filesystem::path& file) {
  constexpr std::streamoff kMost = 1'000;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::streamoff>(in.tellg());
  if (size <= 0) return {};
  const auto length = std::min<std::streamoff>(size, kMost);
  in.seekg(size - length);
  std::string text(static_cast<std::size_t>(length), '\0');
  in.read(text.data(), length);
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

Result<void> run_program(const Program& program, std::chrono::milliseconds most) {
  auto child = ChildProcess::start(program);
  if (!child) return child.error();
  const auto status = child->wait(most, true);
  if (status && *status == 0) return {};
  std::string message = program.file.filename().string();
  message += status ? " ended with status " + std::to_string(*status) : std::string(" did not end in time");
  if (!program.output.empty()) message += ": " + last_lines(program.output);
  return Error{base::sqlstate::io_error, message};
}

}  // namespace portcullis::net
