#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/world.h"

namespace farshore::dataplane::test {

// Applications that write without a pause, each write with an id of its own: "client-sequence".
class Load {
  public:
    struct Outcome {
        std::string id;
        int status = 0;  // 0: the connection ended without an answer
        std::string body;
        std::chrono::steady_clock::duration took{};
    };

    Load(std::uint16_t port, int clients);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Ends the clients and returns what they saw.
    std::vector<Outcome> finish();

    [[nodiscard]] std::uint64_t answered() const { return answered_; }

    // Waits until so many more have been answered.
    [[nodiscard]] bool proceed(std::uint64_t more) const;

  private:
    void run(int client, std::uint16_t port);

    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> answered_{0};
    std::vector<std::vector<Outcome>> outcomes_;
    std::vector<std::thread> threads_;
};

// The id that a write carries.
[[nodiscard]] std::string id_of(const Received& request);

}  // namespace farshore::dataplane::test
