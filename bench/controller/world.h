#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

#include "bench/controller/operator.h"
#include "bench/controller/process.h"

namespace farshore::bench {

// A farshored as it is shipped, with its default times, over the lab's DynamoDB; a directory that
// holds its files; and an operator at its API. Not thread-safe.
class World {
  public:
    struct Options {
        std::size_t agents = 0;
        bool keep = false;  // the directory stays
    };

    // Both processes serve. With two processors farshored has one for itself, and this process and
    // the lab share another. Errors: exhausted (descriptors), unavailable, timed_out; with the log.
    [[nodiscard]] static Result<std::unique_ptr<World>> start(PollLoop& loop, Options options);

    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Ends both processes. Errors: the first that did not end well.
    [[nodiscard]] Status end();

    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] const std::string& directory() const { return directory_; }

    [[nodiscard]] Operator& person() { return *operator_; }

    [[nodiscard]] Process& controller() { return *controller_; }

    [[nodiscard]] bool is_pinned() const { return pinned_; }

  private:
    World(PollLoop& loop, Options options) : loop_(loop), options_(options) {}

    [[nodiscard]] Status make();
    [[nodiscard]] Status write_files(const std::string& lab_line);
    [[nodiscard]] Status wait_until_ready();

    PollLoop& loop_;
    Options options_;
    std::string directory_;
    std::uint16_t port_ = 0;
    bool pinned_ = false;
    std::unique_ptr<Process> lab_;
    std::unique_ptr<Process> controller_;
    std::unique_ptr<Operator> operator_;
};

}  // namespace farshore::bench
