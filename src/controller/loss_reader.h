#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controller/edge.h"
#include "core/loss/settling_words.h"

namespace farshore::controller {

// Reads the keys of loss books in one Region, as digests. At most kChunksMax calls of 100 keys are
// under way at a time, whatever the size of a book. A call for several tables that fails is made
// again table by table: one that is missing, has another key or may not be read does not speak for
// the others. Nor does one key that its table cannot have: where the input is refused, fewer keys
// are asked for at a time until that key stands alone. Single-threaded.
class LossReader {
  public:
    using At = core::LossBook::At;
    // Null: no such item.
    using Digest = std::function<std::string(const aws::Item*)>;

    LossReader(Edge& edge, Digest digest) : edge_(edge), digest_(std::move(digest)) {}

    // What was read within `budget`; later answers are dropped.
    [[nodiscard]] net::Task<std::shared_ptr<core::KeysSeen>> read(
        RegionId region, std::vector<At> keys, Duration budget
    );

  private:
    struct Round {
        RegionId region;
        std::vector<At> keys;
        Instant until{};
        std::size_t next = 0;  // the first key that no reader has asked for yet
        int readers = 0;
        std::set<std::string> answered;                 // tables
        std::map<std::string, std::size_t> refused_of;  // table -> keys that were refused alone
        std::map<At, Error> refused_keys;               // each asked for alone
        core::KeysSeen seen;
    };

    [[nodiscard]] net::Task<> read_chunks(std::shared_ptr<Round> round);
    [[nodiscard]] net::Task<> read_chunk(std::shared_ptr<Round> round, std::vector<At> keys);
    [[nodiscard]] static bool refuses_all_of(const Round& round, const std::string& table);
    [[nodiscard]] static std::vector<std::vector<At>> failed(
        Round& round, std::vector<At> keys, Error why
    );
    [[nodiscard]] net::Task<Status> ask(
        std::shared_ptr<Round> round, std::vector<At> keys, Duration within
    );

    Edge& edge_;
    Digest digest_;
};

}  // namespace farshore::controller
