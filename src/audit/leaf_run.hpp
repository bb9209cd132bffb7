// The Merkle tree of a log whose lines are read apart: whoever reads some lines side by side also makes the
// subtrees that lie within them; whoever follows the log joins those, as far as he has come.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audit/hash.hpp"
#include "audit/range_tree.hpp"

namespace portcullis::audit {

// Leaves side by side, and the root of every subtree that has no others.
class LeafRun {
 public:
  // Without a leaf, from there on. Keeps its memory.
  void restart(std::uint64_t begin);
  void append(const Hash& leaf);
  // Appends those from where the tree ends up to `end`. Both must lie within the run.
  void add_to(RangeTree& tree, std::uint64_t end) const;

 private:
  struct Level {
    std::uint64_t first = 0;  // of its subtrees, the position of the first one, in steps of their size
    std::vector<Hash> roots{};
  };
  void push(unsigned level, const Hash& root);

  std::uint64_t end_ = 0;
  std::vector<Level> levels_;
};

// The tree of all entries so far. It hashes only where somebody asks for more than its size.
class LogTree {
 public:
  // Of so many leaves, from their frontier; 32 zero bytes take the place of each hash where there is not one
  // for every bit of `size`. Before the first leaf.
  void begin(std::uint64_t size, std::span<const Hash> frontier);
  void append(const Hash& leaf) {
    catch_up();
    tree_.append(leaf);
    end_ = tree_.end();
  }
  // The next leaves are those of `run`, which begins here or before, and stays as it is until the next call
  // of this or of leave().
  void follow(const LeafRun& run) {
    catch_up();
    run_ = &run;
  }
  void append_followed() noexcept { ++end_; }  // the next leaf of that run
  void leave() {
    catch_up();
    run_ = nullptr;
  }

  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] Hash root() {
    catch_up();
    return *tree_.root();
  }
  // The frontier at end(): RangeTree::hashes().
  [[nodiscard]] std::vector<Hash> hashes() {
    catch_up();
    return tree_.hashes();
  }

 private:
  void catch_up() {
    if (tree_.end() != end_) run_->add_to(tree_, end_);
  }

  RangeTree tree_{0};
  const LeafRun* run_ = nullptr;
  std::uint64_t end_ = 0;
};

}  // namespace portcullis::audit
