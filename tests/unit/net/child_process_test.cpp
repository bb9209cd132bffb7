#include "net/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "net/shadow_folder.hpp"

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class ChildProcess : public ::testing::Test {
 protected:
  ChildProcess() {
    std::string name = (fs::temp_directory_path() / "child-process-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ChildProcess() override { fs::remove_all(folder_); }

  // A shell that starts a program which lives for a minute, tells its number, and does `then`.
  Program starter(const std::string& then) const {
    Program program;
    program.file = "/bin/sh";
    program.arguments = {"-c", "sleep 60 & echo $! > " + told().string() + "; " + then};
    program.environment = {"PATH=/usr/bin:/bin"};
    program.leads_group = true;
    return program;
  }
  fs::path told() const { return folder_ / "told"; }
  pid_t started() const {
    pid_t id = 0;
    std::ifstream(told()) >> id;
    return id;
  }
  // A killed orphan is a zombie until whoever inherits it has asked for it.
  static bool is_alive(pid_t id) {
    std::ifstream stat("/proc/" + std::to_string(id) + "/stat");
    std::string number, name, state;
    return stat >> number >> name >> state && state != "Z" && state != "X";
  }
  static bool ends(pid_t id) {
    for (int tries = 0; tries < 500 && is_alive(id); ++tries) std::this_thread::sleep_for(10ms);
    return !is_alive(id);
  }

  fs::path folder_;
};

TEST_F(ChildProcess, WhatItHasStartedEndsWithItWhereItFails) {
  for (const std::string then : {"exit 3", "kill -9 $$"}) {
    const auto ran = run_program(starter(then), 10s);
    ASSERT_FALSE(ran);
    ASSERT_GT(started(), 0);
    EXPECT_TRUE(ends(started())) << then;
  }
}

TEST_F(ChildProcess, WhatItHasStartedGoesOnWhereItSucceeds) {
  ASSERT_TRUE(run_program(starter("exit 0"), 10s));
  const pid_t id = started();
  ASSERT_GT(id, 0);
  EXPECT_TRUE(is_alive(id));
  ::kill(id, SIGKILL);
}

TEST_F(ChildProcess, WhatItHasStartedEndsWithItWhereItIsKilled) {
  {
    auto child = net::ChildProcess::start(starter("sleep 60"));
    ASSERT_TRUE(child);
    for (int tries = 0; tries < 500 && started() == 0; ++tries) std::this_thread::sleep_for(10ms);
  }
  ASSERT_GT(started(), 0);
  EXPECT_TRUE(ends(started()));
}

TEST_F(ChildProcess, AFolderIsRemovedThoughSomebodyWritesIntoItForAMoment) {
  std::jthread writer;
  fs::path path;
  {
    ShadowFolder shadow;
    ASSERT_TRUE(shadow.make(folder_));
    path = shadow.path();
    writer = std::jthread([work = shadow.work()] {
      const auto end = std::chrono::steady_clock::now() + 200ms;
      for (int number = 0; std::chrono::steady_clock::now() < end; ++number) {
        std::error_code failed;
        fs::create_directory(work, failed);
        std::ofstream(work / std::to_string(number)) << "x";
      }
    });
    std::this_thread::sleep_for(20ms);
  }
  writer.join();
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace portcullis::net
