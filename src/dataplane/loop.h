#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/rng.h"

#include "dataplane/client.h"
#include "dataplane/dispatcher.h"
#include "dataplane/poller.h"
#include "dataplane/prober.h"

namespace farshore::dataplane {

// One thread with everything that it needs for itself: clients, pools, probes. Loops share nothing
// but the route. Commands come through post().
class Loop final : private ClientOwner {
  public:
    struct Environment {
        const Endpoint::Options* options = nullptr;
        const OwnNames* names = nullptr;
        const SharedRoute* route = nullptr;
        LedgerQueue* ledger = nullptr;
        const TlsContext* tls = nullptr;
        std::vector<int> listeners;  // taken over
        bool probes = false;
        std::uint64_t seed = 0;
    };

    // Errors: exhausted.
    [[nodiscard]] static Result<std::unique_ptr<Loop>> create(Environment environment);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void start();
    // Joins, and closes the connections. Commands that come later are dropped.
    void stop();

    // From any thread: runs on the loop's thread, in the order of posting.
    void post(std::function<void(Loop&)> command);

    // For commands.
    [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }

    void wind_down(Instant deadline, std::function<void(std::uint64_t)> then);
    void set_addresses(RegionIndex region, std::vector<std::string> addresses);
    void set_credentials(sigv4::Credentials credentials);

    // Any thread.
    [[nodiscard]] Instant turned_at() const {
        return Instant{Duration{turned_at_.load(std::memory_order_relaxed)}};
    }

    void add_to(Statistics& statistics, Instant now) const;

  private:
    class Acceptor;
    class Wakeup;

    Loop(Environment environment, std::unique_ptr<Poller> poller);

    void client_closed(Client& client) override;
    void run();
    void run_commands();
    void tick();
    [[nodiscard]] int wait_ms();
    void accepted(int fd);
    void make_pools();
    [[nodiscard]] std::vector<Client*> clients() const;

    Environment environment_;
    std::unique_ptr<Poller> poller_;
    std::vector<char> scratch_;
    Instant now_{};
    std::atomic<Duration::rep> turned_at_;
    Rng rng_;
    MemoryBudget memory_;
    MemoryBudget unread_;
    LoopCounters counters_;
    std::vector<std::unique_ptr<RegionCounters>> region_counters_;
    RequestWriter writer_;
    std::vector<std::unique_ptr<RegionPool>> pools_;
    Dispatcher dispatcher_;
    std::vector<std::unique_ptr<Prober>> probers_;
    std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<Client>> closed_clients_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::unique_ptr<Wakeup> wakeup_;
    Instant clients_checked_at_{};

    // The requests are through; applications still take in their answers.
    struct LastWords {
        Instant until;
        std::function<void()> then;
    };

    std::optional<LastWords> last_words_;

    std::mutex commands_mutex_;
    std::vector<std::function<void(Loop&)>> commands_;
    bool stopping_ = false;  // by a command
    std::thread thread_;
};

}  // namespace farshore::dataplane
